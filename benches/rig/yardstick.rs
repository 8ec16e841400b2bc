//! Two servers that do as little as can be done: what the disk and the loopback allow.
//!
//! | role | does |
//! |---|---|
//! | `limit` | reads enough SMTP to answer; appends each message to one file, one `fdatasync` for all that are ready |
//! | `discard` | answers, and keeps nothing |
//!
//! A bench starts itself again in one of these roles, so that a yardstick is a process of its own
//! and its CPU time can be told apart. Neither is a mail server: they believe whatever they hear.

use std::fs::File;
use std::io::Write;
use std::net::SocketAddr;
use std::process::Command;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Builder;
use tokio::sync::{mpsc, oneshot};

use crate::lab::Lab;
use crate::lab::process::Child;

/// Set in a child that is to be a yardstick: its role, its address, its file.
const ROLE: &str = "ODMR_BENCH_ROLE";

/// Starts one.
pub fn start(lab: &Lab, role: &str) -> (SocketAddr, Child) {
    let address = lab.free();
    let mut command = Command::new(std::env::current_exe().expect("this program"));
    command.env(ROLE, format!("{role} {address} {}", lab.path(role).display()));
    (address, Child::start(lab, role, command).until_listening(address))
}

/// Serves if this process was started to be a yardstick; otherwise returns at once.
pub fn serve_if_asked() {
    let Ok(words) = std::env::var(ROLE) else { return };
    let mut words = words.splitn(3, ' ');
    let mut next = || words.next().expect("role, address, file").to_owned();
    let (role, address, file) = (next(), next(), next());
    let desk = (role == "limit").then(|| desk(File::create(file).expect("a file")));
    let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let listener = TcpListener::bind(address).await.expect("an address");
        loop {
            let (stream, _) = listener.accept().await.expect("a caller");
            tokio::spawn(talk(stream, desk.clone()));
        }
    });
}

type Job = (Vec<u8>, oneshot::Sender<()>);

/// The one who writes: all that is ready, then one sync, then all the answers.
fn desk(mut file: File) -> mpsc::Sender<Job> {
    let (desk, mut jobs) = mpsc::channel::<Job>(1024);
    std::thread::spawn(move || {
        while let Some(first) = jobs.blocking_recv() {
            let mut group = vec![first];
            while let Ok(job) = jobs.try_recv() {
                group.push(job);
            }
            for (content, _) in &group {
                file.write_all(content).expect("room on the disk");
            }
            file.sync_data().expect("a sync");
            for (_, reply) in group {
                let _ = reply.send(());
            }
        }
    });
    desk
}

async fn talk(mut stream: TcpStream, desk: Option<mpsc::Sender<Job>>) {
    let (mut heard, mut content) = (Vec::with_capacity(64 << 10), false);
    let _ = stream.set_nodelay(true);
    let mut answer: &[u8] = b"220 ready\r\n";
    loop {
        if !answer.is_empty() && stream.write_all(answer).await.is_err() {
            return;
        }
        match stream.read_buf(&mut heard).await {
            Ok(octets) if octets > 0 => {}
            _ => return,
        }
        answer = b"";
        if content && heard.ends_with(b"\r\n.\r\n") {
            let mail = std::mem::replace(&mut heard, Vec::with_capacity(64 << 10));
            keep(mail, desk.as_ref()).await;
            (content, answer) = (false, b"250 kept\r\n");
        } else if !content && heard.ends_with(b"\n") {
            content = heard.starts_with(b"DATA");
            answer = if content { b"354 go\r\n" } else { b"250 ok\r\n" };
            heard.clear();
        }
    }
}

async fn keep(mail: Vec<u8>, desk: Option<&mpsc::Sender<Job>>) {
    let Some(desk) = desk else { return };
    let (reply, done) = oneshot::channel();
    desk.send((mail, reply)).await.expect("the writer");
    done.await.expect("the writer");
}
