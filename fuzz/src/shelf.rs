//! The shelf: a spool whose files were changed while nobody looked. It opens or says why not; what
//! it hands out is what was put in, or is called damaged.

use std::path::Path;
use std::sync::OnceLock;
use std::time::Duration;

use bytes::Bytes;
use jiff::Timestamp;
use odmr::mail::Recipient;
use odmr::queue::{EntryId, Source};
use odmr::smtp::{Domain, ForwardPath, MailParams, RcptParams, ReversePath};
use odmr::spool::embedded::{Embedded, Settings};
use odmr::spool::{Arrival, Content, Draft, Drain, Lease, Order, Part, Spool};

const TRACE: &str = "Received: by odmr.example.net; now\r\n";

/// One small message, one that fills a few pages, and one in a file of its own.
fn contents() -> [Vec<u8>; 3] {
    [8, 600, 12_000].map(|lines| b"0123456789 of content\r\n".repeat(lines))
}

fn settings(folder: &Path) -> Settings {
    Settings { reserve: Some(0), inline_limit: 64 * 1024, ..Settings::at(folder) }
}

/// The files of a sound spool: made once.
fn sound() -> &'static [(String, Vec<u8>)] {
    static SOUND: OnceLock<Vec<(String, Vec<u8>)>> = OnceLock::new();
    SOUND.get_or_init(|| {
        let folder = tempfile::tempdir().expect("a folder");
        run(async { fill(folder.path()).await });
        let mut files = vec![file(folder.path(), "spool.db")];
        for body in std::fs::read_dir(folder.path().join("bodies")).expect("a folder") {
            let name = body.expect("a file").file_name().into_string().expect("a name");
            files.push(file(folder.path(), &format!("bodies/{name}")));
        }
        assert_eq!(files.len(), 2);
        files
    })
}

fn file(folder: &Path, name: &str) -> (String, Vec<u8>) {
    (name.to_owned(), std::fs::read(folder.join(name)).expect("a file"))
}

async fn fill(folder: &Path) {
    let spool = Embedded::open(settings(folder)).expect("a spool");
    for (n, content) in contents().into_iter().enumerate() {
        let mut draft = spool.draft(None).expect("room");
        draft.write(content.into()).await.expect("written");
        spool.commit(draft, arrival(n as u64 + 1)).await.expect("kept");
    }
    spool.close().await;
}

fn arrival(n: u64) -> Arrival {
    let path = ForwardPath::parse("bob@example.org").expect("a path");
    Arrival {
        reverse_path: ReversePath::Null,
        params: MailParams::default(),
        parts: vec![Part {
            id: EntryId(ulid::Ulid::from_parts(n, 0)),
            domain: Domain::parse("example.org").expect("a domain"),
            expires: Timestamp::MAX,
            recipients: vec![Recipient { path, params: RcptParams::default() }],
        }],
        arrived: Timestamp::UNIX_EPOCH,
        source: Source {
            ip: std::net::Ipv4Addr::LOCALHOST.into(),
            helo: "x".to_owned(),
            tls: None,
            auth: None,
        },
        trace: Bytes::from_static(TRACE.as_bytes()),
    }
}

/// Every four octets change one of the files: which, where, and by what.
pub fn spool(bytes: &[u8]) {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::create_dir(folder.path().join("bodies")).expect("a folder");
    for (n, (name, octets)) in sound().iter().enumerate() {
        std::fs::write(folder.path().join(name), damaged(octets, n, bytes)).expect("written");
    }
    run(async { judge(folder.path()).await });
}

fn damaged(octets: &[u8], file: usize, bytes: &[u8]) -> Vec<u8> {
    let mut octets = octets.to_vec();
    for change in bytes.chunks_exact(4).filter(|change| usize::from(change[0] >> 7) == file) {
        let at = u32::from_be_bytes([0, change[0] & 0x7f, change[1], change[2]]) as usize;
        let at = at % octets.len().max(1);
        match change[3] {
            0 => octets.truncate(at),
            flip => octets.iter_mut().skip(at).take(1).for_each(|octet| *octet ^= flip),
        }
    }
    octets
}

async fn judge(folder: &Path) {
    let Ok(spool) = Embedded::open(settings(folder)) else { return };
    let domain = Domain::parse("example.org").expect("a domain");
    let order = Order { aged_after: Duration::ZERO };
    let mut walk = spool.drain(vec![domain], order, Timestamp::now());
    let known = contents().map(|content| [TRACE.as_bytes(), &content].concat());
    while let Ok(leases) = walk.next(8).await {
        if leases.is_empty() {
            break;
        }
        for lease in leases {
            if let Some(content) = read(&spool, &lease).await {
                assert!(known.contains(&content), "{} is handed out altered", lease.entry().id);
            }
        }
    }
    spool.close().await;
}

async fn read(spool: &Embedded, lease: &<Embedded as Spool>::Lease) -> Option<Vec<u8>> {
    let (mut whole, mut content) = (Vec::new(), spool.content(lease).await.ok()?);
    while let Some(piece) = content.next().await.ok()? {
        whole.extend_from_slice(&piece);
    }
    Some(whole)
}

fn run<T>(work: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.expect("a runtime").block_on(work)
}
