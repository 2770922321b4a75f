//! Measures of the server daemon.

pub mod abusive_clients;
pub mod odd_requests;

use crate::measure::Measure;

pub static MEASURES: &[&Measure] = &[&abusive_clients::MEASURE, &odd_requests::MEASURE];
