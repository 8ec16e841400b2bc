#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| odmr_fuzz::target("server_reversed")(bytes));
