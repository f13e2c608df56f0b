import Testing

#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// How a process ends when a precondition does not hold: a thrown error, or a misplaced exit, would not do.
#if arch(x86_64)
    let trap = ExitTest.Condition.signal(SIGILL)
#else
    let trap = ExitTest.Condition.signal(SIGTRAP)
#endif
