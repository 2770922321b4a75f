//! Lines judged as `rules match` judges them.

use std::path::Path;
use std::sync::Arc;

use peelhouse::detect::rules::{RuleSet, RuleText};
use peelhouse::detect::{self, Settings};
use peelhouse::formats::logs::{Line, LineFormat, Parser};
use peelhouse::model::{At, DeclaredFormat, Event, FormatSyntax, Millis};

pub struct Judge {
    judge: detect::Judge,
    parser: Parser,
}

/// What is said of a line.
#[derive(Default)]
pub struct Verdict {
    pub alert: bool,
    pub score: f32,
    pub rules: Vec<String>,
}

impl Judge {
    /// With the pack, or with the rules of the folder that `PEELHOUSE_RULES` names.
    pub fn new() -> Self {
        let rules = Arc::new(match std::env::var("PEELHOUSE_RULES") {
            Ok(folder) => of_folder(Path::new(&folder)),
            Err(_) => RuleSet::embedded().unwrap(),
        });
        let combined = DeclaredFormat {
            syntax: FormatSyntax::Apache,
            name: "combined".to_owned(),
            pattern: "%h %l %u %t \"%r\" %>s %b \"%{Referer}i\" \"%{User-Agent}i\"".to_owned(),
        };
        let parser = Parser::new(LineFormat::compile(&combined).unwrap());
        Self { judge: detect::Judge::new(rules, Settings::default(), 1), parser }
    }

    pub fn judge(&mut self, line: &str) -> Verdict {
        let Ok(Line::Record(record)) = self.parser.parse(line.as_bytes()) else { panic!("does not parse: {line}") };
        let (raw, what) = (line.as_bytes(), record.what);
        let event = Event { now: Millis(0), stamp: None, at: At::default(), client: None, site: b"", raw, what };
        let Some(verdict) = self.judge.judge(&event) else { return Verdict::default() };
        let rules = verdict.rules().into_iter().map(str::to_owned).collect();
        Verdict { alert: verdict.alert, score: verdict.score, rules }
    }
}

fn of_folder(folder: &Path) -> RuleSet {
    let mut files = Vec::new();
    collect(folder, &mut files);
    files.sort();
    let texts: Vec<RuleText<'_>> = files.iter().map(|(file, text)| RuleText { file, text }).collect();
    let (set, errors) = RuleSet::load(&texts);
    errors.iter().for_each(|error| println!("{error}"));
    set
}

fn collect(folder: &Path, files: &mut Vec<(String, String)>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|end| end == "yml") {
            files.push((path.display().to_string(), std::fs::read_to_string(&path).unwrap()));
        }
    }
}
