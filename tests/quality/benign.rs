//! Alerts at ordinary requests, by where their texts come from.

use std::collections::BTreeMap;

use crate::dice::{Dice, held_out, number};
use crate::grammar;
use crate::judge::Judge;
use crate::place::{BROWSER, ENCODINGS, Place, combined, line};
use crate::prose;
use crate::share::{Share, percent};

/// One ordinary line.
struct Ordinary {
    corpus: String,
    /// What is shown, and by whose number it is kept for judging.
    text: String,
    held_out: bool,
    line: String,
}

#[test]
fn ordinary_requests_are_left_alone() {
    let mut judge = Judge::new();
    let mut shares: BTreeMap<String, Share> = BTreeMap::new();
    let show = std::env::var("QUALITY_SHOW").unwrap_or_default();
    for one in urls().into_iter().chain(texts()) {
        let verdict = judge.judge(&one.line);
        if verdict.alert && !one.held_out && show.contains("benign") {
            println!("{} {:?} {} {}", one.corpus, verdict.rules, verdict.score, one.text);
        }
        shares.entry(one.corpus).or_default().count(one.held_out, verdict.alert);
    }
    println!("corpus: alerted, tuned % / held out %");
    for (corpus, share) in &shares {
        println!(
            "{corpus:22} {:6.3} / {:6.3}  {}+{} of {}+{}",
            percent(share.tuned),
            percent(share.held_out),
            share.tuned.0,
            share.held_out.0,
            share.tuned.1,
            share.held_out.1
        );
    }
    let total = |of: fn(&str) -> bool| {
        let sides = shares.iter().filter(|(corpus, _)| of(corpus)).map(|(_, share)| share.held_out);
        percent(sides.fold((0, 0), |sum, side| (sum.0 + side.0, sum.1 + side.1)))
    };
    let alike = total(|corpus| corpus == "lookalike");
    let prose = total(|corpus| corpus.starts_with("prose"));
    let browsing = total(|corpus| corpus.starts_with("urls") || corpus.starts_with("agents"));
    println!("kept for judging: {alike:.2} % of look-alikes, {prose:.3} % of prose, {browsing:.3} % of browsing");
    assert!(alike <= 3.0, "{alike:.2} % of texts that only look like attacks alarm");
    assert!(prose <= 0.5, "{prose:.3} % of prose alarms");
    assert!(browsing <= 0.07, "{browsing:.3} % of ordinary addresses and User-Agents alarm");
}

/// Addresses as applications make them, and User-Agents.
fn urls() -> Vec<Ordinary> {
    let one = |from: grammar::Payload| {
        let line = match from.class {
            "urls" => combined(&from.text, "https://www.example.org/", BROWSER),
            "agents" => combined("/", "-", &from.text),
            _ => return of_text(from.class.to_owned(), from.text, from.held_out),
        };
        vec![Ordinary {
            corpus: format!("{} {}", from.class, from.family),
            text: from.text,
            held_out: from.held_out,
            line,
        }]
    };
    grammar::ordinary(5).into_iter().flat_map(one).collect()
}

/// What people wrote, as a search and as a comment.
fn texts() -> Vec<Ordinary> {
    let one = |text: String| {
        let corpus = if prose::is_technical(&text) { "prose technical" } else { "prose" };
        let kept = held_out(&text);
        of_text(corpus.to_owned(), text, kept)
    };
    prose::sentences().into_iter().flat_map(one).collect()
}

fn of_text(corpus: String, text: String, held_out: bool) -> Vec<Ordinary> {
    let mut dice = Dice::new(number(&text));
    let encoding = *dice.pick(&ENCODINGS[1..]);
    let line = line(&text, Place::Parameter, encoding, &mut dice);
    vec![Ordinary { corpus, text, held_out, line }]
}
