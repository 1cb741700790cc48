//! Servers that behave unlike the one the other tests meet: clusters, stalls, refusals.

mod galera;
