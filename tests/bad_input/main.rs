//! Bad input: the real programs, and whatever files, strangers and disks may do to them. Each is
//! refused in one line that helps, bounded in time, and costs nobody else his mail.

mod faults;
mod floods;
mod house;
mod providers;
mod settings;
mod starting;
mod talk;
mod unasked;
mod whispers;
