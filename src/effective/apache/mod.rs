//! Apache: Directory, Files, Location and If in the order httpd merges them, each directive by its own kind of merge.
