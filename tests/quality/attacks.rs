//! Recall by class and place.

use std::collections::BTreeMap;

use crate::dice::{Dice, number};
use crate::grammar;
use crate::judge::Judge;
use crate::place::{ENCODINGS, PLACES, Place, line};
use crate::share::{Share, percent};

#[test]
fn payloads_are_told_by_one_line() {
    let mut judge = Judge::new();
    let mut shares = Shares::new();
    let show = std::env::var("QUALITY_SHOW").unwrap_or_default();
    for payload in grammar::attacks(2) {
        let mut dice = Dice::new(number(&payload.text));
        for place in PLACES {
            let encoding = *dice.pick(&ENCODINGS);
            let text = line(&payload.text, place, encoding, &mut dice);
            let verdict = judge.judge(&text);
            if !verdict.alert && !payload.held_out && show.contains(payload.class) {
                println!(
                    "{} {place:?} {encoding:?} {:?} {} {}",
                    payload.family, verdict.rules, verdict.score, payload.text
                );
            }
            for family in ["", &payload.family] {
                for place in [None, Some(place)] {
                    let key = (payload.class, family.to_owned(), place);
                    shares.entry(key).or_default().count(payload.held_out, verdict.alert);
                }
            }
        }
    }
    let classic = total(&shares, |class| matches!(class, "sqli" | "xss" | "traversal" | "command"));
    let others = total(&shares, |class| matches!(class, "template" | "injection"));
    println!("class family place: tuned % / held out %");
    for ((class, family, place), share) in &shares {
        let place = place.map_or(String::new(), |place| format!("{place:?}"));
        if place.is_empty() || family.is_empty() {
            println!(
                "{class:10} {family:10} {place:10} {:6.2} / {:6.2}  of {}+{}",
                percent(share.tuned),
                percent(share.held_out),
                share.tuned.1,
                share.held_out.1
            );
        }
    }
    println!("kept for judging: classic {classic:.2} %, others {others:.2} %");
    assert!(classic >= 98.0, "{classic:.2} % of the classic payloads are told");
    assert!(others >= 94.0, "{others:.2} % of the other payloads are told");
}

type Shares<'a> = BTreeMap<(&'a str, String, Option<Place>), Share>;

/// The percentage told of the productions that are kept for judging, over some classes.
fn total(shares: &Shares<'_>, of: impl Fn(&str) -> bool) -> f64 {
    let classes = shares.iter().filter(|((class, family, place), _)| family.is_empty() && place.is_none() && of(class));
    percent(classes.fold((0, 0), |sum, (_, share)| (sum.0 + share.held_out.0, sum.1 + share.held_out.1)))
}
