//! The web server deny map.
