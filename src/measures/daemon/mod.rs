//! Measures of the server daemon.

pub mod abusive_clients;
pub mod client_limits;
pub mod exposed_files;
pub mod framing;
pub mod identity_strings;
pub mod legacy_clients;
pub mod odd_requests;
pub mod request_filter;
pub mod script_user;
pub mod security_headers;
pub mod tls_configuration;
pub mod tls_vulnerabilities;

use crate::measure::Measure;

pub static MEASURES: &[&Measure] = &[
    &abusive_clients::MEASURE,
    &client_limits::MEASURE,
    &exposed_files::MEASURE,
    &framing::MEASURE,
    &identity_strings::MEASURE,
    &legacy_clients::MEASURE,
    &odd_requests::MEASURE,
    &request_filter::MEASURE,
    &script_user::MEASURE,
    &security_headers::MEASURE,
    &tls_configuration::MEASURE,
    &tls_vulnerabilities::MEASURE,
];
