//! Abbreviations of time zones as fail2ban reads them: fixed offsets, without daylight saving of their own.

/// Offset from UTC in minutes and the abbreviations that mean it; one-letter ones are the military zones.
const ZONES: [(i32, &str); 37] = [
    (-720, "Y"),
    (-660, "X NUT SST"),
    (-600, "W CKT HAST HST TAHT TKT"),
    (-570, "MART MIT"),
    (-540, "V AKST GAMT GIT HADT HNY"),
    (-480, "U AKDT CIST HAY HNP PST PT"),
    (-420, "T HAP HNR MST PDT"),
    (-360, "S CST EAST GALT HAR HNC MDT"),
    (-300, "R CDT COT EASST ECT EST ET HAC HNE PET"),
    (-270, "HLV VET"),
    (-240, "Q AST BOT CLT COST EDT FKT GYT HAE HNA PYT"),
    (-210, "HNT NST NT"),
    (-180, "P ADT ART BRT CLST FKST GFT HAA PMST PYST SRT UYT WGT"),
    (-150, "HAT NDT"),
    (-120, "O BRST FNT PMDT UYST WGST"),
    (-60, "N AZOT CVT EGT"),
    (0, "Z EGST GMT UTC WET WT"),
    (60, "A CET DFT WAT WEDT WEST"),
    (120, "B CAT CEDT CEST EET SAST WAST"),
    (180, "C EAT EEDT EEST IDT MSK"),
    (210, "IRST"),
    (240, "D AMT AZT GET GST KUYT MSD MUT RET SAMT SCT"),
    (270, "AFT IRDT"),
    (300, "E AMST AQTT AZST HMT MAWT MVT PKT TFT TJT TMT UZT YEKT"),
    (330, "SLT"),
    (345, "NPT"),
    (360, "F ALMT BIOT BTT IOT KGT NOVT OMST YEKST"),
    (390, "CCT MMT"),
    (420, "G CXT DAVT HOVT ICT KRAT NOVST OMSST THA WIB"),
    (480, "H ACT AWST BDT BNT CAST HKT IRKT KRAST MYT PHT SGT ULAT WITA WST"),
    (540, "I AWDT IRKST JST KST PWT TLT WDT WIT YAKT"),
    (570, "ACST"),
    (600, "K AEST ChST PGT VLAT YAKST YAPT"),
    (630, "ACDT LHST"),
    (660, "L AEDT LHDT MAGT NCT PONT SBT VLAST VUT"),
    (690, "NFT"),
    (720, "M ANAST ANAT FJT GILT MAGST MHT NZST PETST PETT TVT WFT"),
];

/// Minutes east of UTC that `Z`, `CEST`, `+0200`, `UTC+02:00` mean.
pub fn minutes(text: &str) -> Option<i32> {
    let letters = text.find(|c: char| !c.is_ascii_uppercase()).unwrap_or(text.len());
    let (name, offset) = text.split_at(letters);
    let base = if name.is_empty() { 0 } else { of_name(name)? };
    if offset.is_empty() {
        return Some(base);
    }
    let sign = if offset.starts_with('-') { -1 } else { 1 };
    let digits: String = offset.get(1..)?.chars().filter(|c| *c != ':').collect();
    let hours: i32 = digits.get(..2)?.parse().ok()?;
    let minutes: i32 = digits.get(2..).filter(|rest| !rest.is_empty()).map_or(Some(0), |rest| rest.parse().ok())?;
    Some(base + sign * (hours * 60 + minutes))
}

fn of_name(name: &str) -> Option<i32> {
    // New Zealand and Fiji in summer are an hour ahead of the last zone.
    if matches!(name, "FJST" | "NZDT") {
        return Some(780);
    }
    let found = ZONES.iter().find(|(_, names)| names.split(' ').any(|known| known == name));
    found.map(|(minutes, _)| *minutes)
}
