//! One workload and a set of policies to findings; pure.
