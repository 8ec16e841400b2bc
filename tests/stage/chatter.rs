//! What a peer may say: the usual, the unusual and the senseless.

use proptest::prelude::*;

/// Lines that a session is likely to hear, and some it should not.
pub fn line() -> impl Strategy<Value = Vec<u8>> {
    let known = prop::sample::select(vec![
        "EHLO a.example\r\n",
        "HELO a\r\n",
        "MAIL FROM:<a@b.example>\r\n",
        "MAIL FROM:<> BODY=BINARYMIME\r\n",
        "MAIL FROM:<a@b.example> SIZE=99999\r\n",
        "RCPT TO:<u@example.org>\r\n",
        "RCPT TO:<no@example.org>\r\n",
        "DATA\r\n",
        "Subject: x\r\n\r\n..a\r\n",
        ".\r\n",
        "\r\n.\r\n",
        "\n.\n",
        "\r\n.\r",
        "RSET\r\n",
        "NOOP\r\n",
        "BDAT 3\r\nabc",
        "BDAT 4 LAST\r\nabc\n",
        "BDAT 0 LAST\r\n",
        "BDAT 15000\r\n",
        "BDAT 500\r\n",
        "BDAT x\r\n",
        "QUIT\r\n",
        "AUTH PLAIN\r\n",
        "AUTH PLAIN =\r\n",
        "AAAA\r\n",
        "*\r\n",
        "VRFY x\r\n",
        "NOOP\n",
        "\0\r\n",
        "\u{fc}\r\n",
    ]);
    prop_oneof![
        1 => Just(b"GET / HTTP/1.1\r\n".to_vec()),
        1 => (0usize..6000).prop_map(|n| format!("POST /{} HTTP/1.1\r\n", "x".repeat(n)).into_bytes()),
        18 => known.prop_map(|text| text.as_bytes().to_vec()),
        1 => prop::collection::vec(any::<u8>(), 0..40),
        1 => prop::collection::vec(Just(b'x'), 4000..5000),
    ]
}

pub fn talk() -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(line(), 0..30).prop_map(|lines| lines.concat())
}

pub fn cuts() -> impl Strategy<Value = Vec<usize>> {
    prop::collection::vec(prop_oneof![4 => 1usize..9, 1 => 9usize..600], 1..20)
}

/// Replies that a customer's server may give, and some it should not.
pub fn replies() -> impl Strategy<Value = Vec<u8>> {
    let reply = prop::sample::select(vec![
        "220 hi\r\n",
        "250 ok\r\n",
        "250-a\r\n250-PIPELINING\r\n250 CHUNKING\r\n",
        "250-a\r\n250 PIPELINING\r\n",
        "250\r\n",
        "354 go\r\n",
        "450 later\r\n",
        "452 full\r\n",
        "500 what\r\n",
        "502 no\r\n",
        "503 order\r\n",
        "550 5.1.1 nobody\r\n",
        "421 bye\r\n",
        "221 bye\r\n",
        "554 5.0.0 no\r\n",
        "250-x\r\n251 y\r\n",
        "junk\r\n",
    ]);
    let any = prop::collection::vec(any::<u8>(), 0..20);
    let one = prop_oneof![30 => reply.prop_map(|text| text.as_bytes().to_vec()), 1 => any];
    prop::collection::vec(one, 0..30).prop_map(|replies| {
        let usual = b"220 hi\r\n250-a\r\n250-PIPELINING\r\n250 CHUNKING\r\n".to_vec();
        if replies.len().is_multiple_of(2) {
            [usual, replies.concat()].concat()
        } else {
            replies.concat()
        }
    })
}

/// Content of lines that end in CRLF, with every dot and octet that could confuse.
pub fn lines_of_content() -> impl Strategy<Value = Vec<u8>> {
    let octet = prop_oneof![Just(b'.'), Just(0u8), any::<u8>()];
    let octet = octet.prop_filter("no line ends", |byte| !b"\r\n".contains(byte));
    let line = prop::collection::vec(octet, 0..12);
    prop::collection::vec(line, 0..12).prop_map(|lines| {
        lines.into_iter().flat_map(|line| [line, b"\r\n".to_vec()].concat()).collect()
    })
}

pub fn octets() -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(prop_oneof![Just(b'.'), Just(b'\r'), Just(b'\n'), any::<u8>()], 0..120)
}
