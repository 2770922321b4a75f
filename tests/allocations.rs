//! Benign lines are read, tried and counted without a single allocation.
#![allow(clippy::disallowed_methods, clippy::unwrap_used, reason = "writes a log and stops on a surprise")]
#![allow(unsafe_code, reason = "an allocator that counts; it hands everything on to the system's")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::fmt::Write as _;
use std::num::NonZeroUsize;

use peelhouse::detect::Settings;
use peelhouse::guard::engine::engine;
use peelhouse::guard::trial::Trial;
use peelhouse::model::{Event, LogKind, RealIp};
use peelhouse::monitor::{self, MAX_LINE, Source};
use peelhouse::respond::{Ground, Policy};

struct Counting;

thread_local! {
    static COUNT: Cell<u64> = const { Cell::new(0) };
}

fn counted() -> u64 {
    COUNT.with(Cell::get)
}

// SAFETY: every call goes to the system allocator as it came.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        COUNT.with(|count| count.set(count.get() + 1));
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        unsafe { System.dealloc(at, layout) }
    }

    unsafe fn realloc(&self, at: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        COUNT.with(|count| count.set(count.get() + 1));
        unsafe { System.realloc(at, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

const WARM: u64 = 8000;
const LINES: u64 = 16_000;

#[test]
fn benign_lines_allocate_nothing_once_their_clients_are_known() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("access.log");
    std::fs::write(&path, lines()).unwrap();
    let source = Source {
        path: path.clone(),
        kind: LogKind::Access,
        format: None,
        site: String::new(),
        real_ip: RealIp::default(),
    };
    let mut trial = Trial::new(engine(Settings::default(), 1).unwrap(), Policy::default(), Ground::default());
    let (mut seen, mut before) = (0, 0);
    let mut each = |event: &Event<'_>| {
        trial.see(event);
        seen += 1;
        if seen == WARM {
            before = counted();
        } else if seen == LINES {
            before = counted() - before;
        }
    };
    let replayed = monitor::replay(&[source], MAX_LINE, NonZeroUsize::MIN, &mut each, &mut |_, _| {});
    assert_eq!((seen, replayed.unparsed), (LINES, 0));
    assert_eq!(before, 0, "allocations in {} lines", LINES - WARM);
    assert_eq!(trial.end().len(), 0);
}

fn lines() -> String {
    let targets = [
        "/",
        "/shop/shoes/article-7",
        "/search?q=running+shoes&lang=en%2DGB",
        "/static/app.js?v=2",
        "/blog/caf%C3%A9/",
        "/a//b/./c.html",
        "/wp-content/uploads/2024/05/photo.jpg",
    ];
    let agents = ["Mozilla/5.0 (X11; Linux x86_64; rv:132.0) Gecko/20100101 Firefox/132.0", "curl/8.5.0", "-"];
    let mut text = String::new();
    for at in 0..LINES {
        let second = at / 10;
        writeln!(
            text,
            "198.51.100.{} - - [13/Nov/2026:{:02}:{:02}:{:02} +0000] \"GET {} HTTP/1.1\" {} {} \"https://shop.example/{}\" \"{}\"",
            at % 200,
            second / 3600,
            second / 60 % 60,
            second % 60,
            targets[(at % 7) as usize],
            [200, 304, 302][(at % 3) as usize],
            at * 7919 % 90_000,
            at % 11,
            agents[(at % 200 % 3) as usize],
        )
        .unwrap();
    }
    text
}
