//! Recall by class and place.

use std::collections::BTreeMap;

use crate::dice::{Dice, number};
use crate::grammar;
use crate::judge::Judge;
use crate::share::{Share, percent};
use crate::place::{ENCODINGS, PLACES, Place, line};

#[test]
fn payloads_are_told_by_one_line() {
    let mut judge = Judge::new();
    let mut shares: BTreeMap<(&str, String, Option<Place>), Share> = BTreeMap::new();
    let show = std::env::var("QUALITY_SHOW").unwrap_or_default();
    for payload in grammar::attacks(5) {
        let mut dice = Dice::new(number(&payload.text));
        for place in PLACES {
            let encoding = *dice.pick(&ENCODINGS);
            let text = line(&payload.text, place, encoding, &mut dice);
            let verdict = judge.judge(&text);
            if !verdict.alert && !payload.held_out && show.contains(payload.class) {
                println!("{} {place:?} {encoding:?} {:?} {} {}", payload.family, verdict.rules, verdict.score, payload.text);
            }
            for family in ["", &payload.family] {
                for place in [None, Some(place)] {
                    let key = (payload.class, family.to_owned(), place);
                    shares.entry(key).or_default().count(payload.held_out, verdict.alert);
                }
            }
        }
    }
    println!("class family place: tuned % / held out %");
    for ((class, family, place), share) in &shares {
        let place = place.map_or(String::new(), |place| format!("{place:?}"));
        if place.is_empty() || family.is_empty() {
            println!("{class:10} {family:10} {place:10} {:6.2} / {:6.2}  of {}+{}", percent(share.tuned), percent(share.held_out), share.tuned.1, share.held_out.1);
        }
    }
}
