//! Any bytes as a configuration: the tree prints back what it was read from. The first byte picks the server.
#![no_main]

use libfuzzer_sys::fuzz_target;
use peelhouse::formats::{apache, nginx, tomcat};

fuzz_target!(|data: &[u8]| {
    let Some((pick, source)) = data.split_first() else { return };
    match pick % 3 {
        0 => assert_eq!(apache::tree::Tree::parse(source).print(), source),
        1 => assert_eq!(nginx::parse(source).print(), source),
        _ => assert_eq!(tomcat::Document::parse(source).print(), source),
    }
});
