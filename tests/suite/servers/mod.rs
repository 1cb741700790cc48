//! Servers that behave unlike the one in the other tests: clusters, stalls, refusals.

mod galera;
