//! Lines that kill or hang the reader: after some deaths at one position it reads line by line, telling each before it
//! touches it, and the line it dies of is skipped from then on.

use crate::guard::message::{Care, Place};
use crate::model::Position;

/// Deaths at one position that are taken for chance.
const CHANCES: u32 = 3;
/// Lines that are skipped at a time; the oldest is tried again.
const MOST: usize = 1000;

#[derive(Default)]
pub struct Faults {
    from: Vec<Position>,
    deaths: u32,
    /// The line that a careful reader took up last.
    reads: Option<Place>,
    skip: Vec<Place>,
}

impl Faults {
    /// How the next reader is to read, from these positions.
    pub fn begins(&mut self, mut positions: Vec<Position>) -> Care {
        positions.sort_by(|a, b| (&a.path, a.device, a.inode).cmp(&(&b.path, b.device, b.inode)));
        if positions != self.from {
            self.from = positions;
            self.deaths = 0;
        }
        self.reads = None;
        Care { line_by_line: self.deaths >= CHANCES, skip: self.skip.clone() }
    }

    /// A careful reader takes up a line, or (none) has got past the danger.
    pub fn reads(&mut self, place: Option<Place>) {
        self.reads = place;
    }

    /// The reader died; the line it died of, where it read line by line.
    pub fn died(&mut self) -> Option<Place> {
        self.deaths = self.deaths.saturating_add(1);
        let place = self.reads.take()?;
        if self.skip.len() >= MOST {
            self.skip.remove(0);
        }
        self.skip.push(place.clone());
        Some(place)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(offset: u64) -> Vec<Position> {
        let path = "/var/log/a.log".into();
        vec![Position {
            path,
            device: 1,
            inode: 2,
            head: [0; 32],
            head_len: 0,
            offset,
            line: 0,
            now: Default::default(),
        }]
    }

    fn place(line: u64) -> Place {
        Place { path: "/var/log/a.log".into(), offset: line * 10, line }
    }

    #[test]
    fn a_line_that_kills_again_and_again_is_found_and_skipped() {
        let mut faults = Faults::default();
        for _ in 0..CHANCES {
            assert!(!faults.begins(at(5)).line_by_line);
            assert_eq!(faults.died(), None);
        }
        assert!(faults.begins(at(5)).line_by_line);
        faults.reads(Some(place(6)));
        faults.reads(Some(place(7)));
        assert_eq!(faults.died(), Some(place(7)));
        let care = faults.begins(at(5));
        assert!(care.line_by_line, "the next line may be as bad");
        assert_eq!(care.skip, [place(7)]);
    }

    #[test]
    fn whoever_gets_on_is_not_careful_any_more() {
        let mut faults = Faults::default();
        for offset in 0..10 {
            assert!(!faults.begins(at(offset)).line_by_line);
            faults.died();
        }
        faults.reads(Some(place(7)));
        faults.reads(None);
        assert_eq!(faults.died(), None, "it died of something else");
    }
}
