//! Evaluation of what no server would start with: it ends, says why, and keeps what could be made out.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use proptest::prelude::*;

use super::*;

/// Files in memory; directories are those that hold some.
#[derive(Default)]
struct Map(BTreeMap<PathBuf, Vec<u8>>);

impl Map {
    fn of(files: &[(&str, &str)]) -> Self {
        Self(files.iter().map(|(path, text)| (Path::new("/r").join(path), text.as_bytes().to_vec())).collect())
    }
}

impl Files for Map {
    fn read(&self, path: &Path) -> Result<Vec<u8>, String> {
        self.0.get(path).cloned().ok_or_else(|| "no such file".into())
    }

    fn list(&self, dir: &Path) -> Result<Vec<String>, String> {
        let mut names: Vec<String> = self
            .0
            .keys()
            .filter_map(|path| path.strip_prefix(dir).ok()?.iter().next())
            .map(|name| name.to_string_lossy().into_owned())
            .collect();
        names.sort_unstable();
        names.dedup();
        if names.is_empty() { Err("no such directory".into()) } else { Ok(names) }
    }

    fn is_dir(&self, path: &Path) -> bool {
        !self.0.contains_key(path) && self.0.keys().any(|file| file.starts_with(path))
    }
}

fn run(files: &[(&str, &str)]) -> Evaluation {
    evaluate(&Map::of(files), Start::new("/r", "c"))
}

fn problems(files: &[(&str, &str)]) -> Vec<String> {
    run(files).problems.iter().map(ToString::to_string).collect()
}

/// Lines of the dump without its places.
fn shape(directives: &[Effective]) -> Vec<String> {
    let told = dump::dump(directives);
    told.lines().filter(|line| !line.trim_start().starts_with('#')).map(ToOwned::to_owned).collect()
}

#[test]
fn wrong_ends_are_told_and_survived() {
    let outcome =
        run(&[("c", "<A>\n<B x>\nY 1\n</a>\n</C>\n<IfDefine !N>\n<D>\n</IfDefine>\nZ 1\n</D>\n</IfDefine>\nW 1")]);
    let told: Vec<_> = outcome.problems.iter().map(ToString::to_string).collect();
    assert_eq!(
        told,
        [
            "/r/c:4: expected </B> but saw </a>",
            "/r/c:5: </C> without matching <C> section",
            "/r/c:8: </IfDefine> without matching <IfDefine> section",
        ]
    );
    assert_eq!(
        shape(&outcome.directives),
        ["<A >", "  <B x>", "    Y 1", "  </B>", "</A>", "<D>", "  Z 1", "</D>", "W 1"]
            .map(|line| line.replace("<D>", "<D >"))
    );
}

#[test]
fn an_unclosed_section_ends_with_its_file() {
    let outcome = run(&[("c", "Include d\nAfter 1"), ("d", "<Location /x>\nIn 1\n<IfModule core.c>\nDeep 1")]);
    assert_eq!(shape(&outcome.directives), ["<Location /x>", "  In 1", "  Deep 1", "</Location>", "After 1"]);
    assert_eq!(
        outcome.problems.iter().map(ToString::to_string).collect::<Vec<_>>(),
        ["/r/d:3: <IfModule> is never closed; add </IfModule>", "/r/d:1: <Location> is never closed; add </Location>"]
    );
    assert_eq!(outcome.files, [Path::new("/r/c"), Path::new("/r/d")]);
}

#[test]
fn includes_that_lead_nowhere_are_told_unless_optional() {
    assert_eq!(
        problems(&[
            ("c", "Include gone\nInclude d/*.x\nInclude gone/*\nIncludeOptional gone\nIncludeOptional gone/*"),
            ("d/y", "")
        ]),
        [
            "/r/c:1: cannot read /r/gone: no such file",
            "/r/c:2: nothing matches '*.x' in /r/d; use IncludeOptional if that is meant",
            "/r/c:3: cannot open the directory /r/gone: no such directory",
        ]
    );
    assert_eq!(problems(&[]), ["/r/c:0: cannot read /r/c: no such file"]);
}

#[test]
fn files_that_include_themselves_end() {
    let told = problems(&[("c", "Include c\nInclude c")]);
    let deeper = "includes are nested deeper than 128; a file seems to include itself";
    assert_eq!(told, [format!("/r/c:1: {deeper}"), format!("/r/c:2: {deeper}")]);
    let through_a_directory = problems(&[("c", "Include d"), ("d/x", "Include d\nInclude d"), ("d/y", "Include d")]);
    assert!(through_a_directory[0].contains("nested deeper than 128"), "{through_a_directory:?}");
}

#[test]
fn files_that_double_themselves_end() {
    let files: Vec<(String, String)> =
        (0..100).map(|n| (format!("f{n}"), format!("Include f{0}\nInclude f{0}", n + 1))).collect();
    let mut files: Vec<(&str, &str)> = files.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
    files.push(("c", "Include f0"));
    files.push(("f100", "A 1"));
    let told = problems(&files);
    assert!(told.iter().any(|text| text.contains("too much to read")), "{told:?}");
}

#[test]
fn macros_that_repeat_themselves_end() {
    assert!(problems(&[("c", "<Macro m>\nUse m\n</Macro>\nUse m")])[0].contains("recursive use of macro 'm'"));
    let mut text: String = (0..100).map(|n| format!("<Macro m{n}x $a>\nUse m{}x $a$a\n</Macro>\n", n + 1)).collect();
    text += "Use m0x 12345678";
    assert!(problems(&[("c", &text)])[0].contains("macros use macros deeper than 64"));
    let mut doubling: String = (0..60).map(|n| format!("Define v{} ${{v{n}}}${{v{n}}}\n", n + 1)).collect();
    doubling.insert_str(0, "Define v0 0123456789\n");
    assert!(problems(&[("c", &doubling)])[0].contains("is not defined"));
}

#[test]
fn misused_macros_are_told() {
    assert_eq!(
        problems(&[(
            "c",
            "Use n\n<Macro m $a>\nA $a\n</Macro>\nUse m\nUndefMacro n\n<Macro x $a $a>\n</Macro>\n<Macro y>\nA"
        )]),
        [
            "/r/c:1: macro 'n' undefined",
            "/r/c:5: macro 'm' (defined on line 2 of \"/r/c\") used with 0 arguments instead of 1",
            "/r/c:6: cannot remove undefined macro 'n'",
            "/r/c:7: macro 'x': parameter '$a' is empty or named twice",
            "/r/c:9: <Macro> is never closed; add </Macro>",
        ]
    );
}

#[test]
fn a_last_line_that_httpd_loses_is_told() {
    let text = "<Macro m>\nA 1\n</Macro>\nUse m\nUse m";
    let outcome = run(&[("c", text)]);
    assert_eq!(shape(&outcome.directives), ["A 1"]);
    assert!(outcome.problems[0].to_string().starts_with("/r/c:5: httpd loses this line"), "{:?}", outcome.problems);
    assert_eq!(shape(&run(&[("c", &format!("{text}\n"))]).directives), ["A 1", "A 1"]);
}

#[test]
fn conditions_that_say_nothing_do_not_hold() {
    let outcome = run(&[(
        "c",
        "<IfDefine>\nA 1\n</IfDefine>\n<IfVersion x>\nB 1\n</IfVersion>\n<IfModule core.c\nC 1\n</IfModule>",
    )]);
    assert_eq!(shape(&outcome.directives), ["C 1"]);
    assert_eq!(outcome.problems.len(), 3);
}

#[test]
fn depth_is_bounded() {
    let deep = "<A>\n".repeat(100_000);
    let outcome = run(&[("c", &deep)]);
    assert!(outcome.problems[0].text.contains("nested deeper than 200"), "{:?}", outcome.problems[0]);
    assert!(outcome.problems.len() <= PROBLEM_LIMIT + 1);
}

#[test]
fn ten_thousand_virtual_hosts_are_all_there() {
    let host =
        "<VirtualHost *:80>\nServerName $n\nInclude part\n<IfModule core.c>\nSetEnv a b\n</IfModule>\n</VirtualHost>\n";
    let mut text = format!("<Macro V $n>\n{host}</Macro>\n");
    text.extend((0..5_000).map(|n| format!("Use V s{n}\n{}", host.replace("$n", "x"))));
    let outcome = run(&[("c", &text), ("part", "CustomLog l combined")]);
    assert_eq!(
        outcome.directives.iter().filter(|one| one.is("virtualhost") && one.children().len() == 3).count(),
        10_000
    );
    assert_eq!(outcome.problems, []);
}

fn lines() -> impl Strategy<Value = String> {
    let line = prop::sample::select(vec![
        "<VirtualHost *:80>",
        "</VirtualHost>",
        "<If \"a\">",
        "</If>",
        "<IfDefine A>",
        "</IfDefine>",
        "<IfDefine !A",
        "<IfModule >",
        "</IfModule>",
        "<Macro m $a @b>",
        "</Macro>",
        "Use m 1 2",
        "Use m",
        "Define A ${A}x",
        "UnDefine A",
        "Include c",
        "Include *",
        "Include /",
        "IncludeOptional d/*",
        "ServerRoot /r/..",
        "LoadModule",
        "LogFormat \"",
        "X ${A} ${",
        "<",
        "</",
        ">",
        "\\",
        "<Macro",
        "<IfVersion ~ (((>",
        "</IfVersion>",
        "Error",
        "$a @b",
        "\u{fffd}\0é",
    ]);
    prop::collection::vec(line, 0..40).prop_map(|lines| lines.join("\n"))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn any_configuration_is_evaluated(first in lines(), second in lines()) {
        let outcome = run(&[("c", &first), ("d/x", &second)]);
        prop_assert!(outcome.problems.iter().all(|problem| !problem.text.is_empty()));
    }

    #[test]
    fn any_bytes_are_evaluated(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let files = Map(BTreeMap::from([(PathBuf::from("/r/c"), bytes)]));
        let outcome = evaluate(&files, Start::new("/r", "c"));
        prop_assert_eq!(outcome.files, [PathBuf::from("/r/c")]);
    }
}
