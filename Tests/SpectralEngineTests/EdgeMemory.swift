#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// Lends memory that ends, or begins, where the process may touch nothing.
func withEdge<T: KernelScalar>(_ values: [T], atEnd: Bool, _ body: (UnsafeMutablePointer<T>) -> Void) {
    let page = Int(getpagesize())
    let byteCount = values.count * MemoryLayout<T>.stride
    let size = (byteCount + page - 1) / page * page
    let flags = MAP_PRIVATE | MAP_ANON
    guard let memory = mmap(nil, size + 2 * page, PROT_NONE, flags, -1, 0), memory != MAP_FAILED,
        mprotect(memory + page, size, PROT_READ | PROT_WRITE) == 0
    else { fatalError("no memory for \(values.count) elements") }
    defer { munmap(memory, size + 2 * page) }
    let elements = (memory + page + (atEnd ? size - byteCount : 0)).bindMemory(to: T.self, capacity: values.count)
    elements.update(from: values, count: values.count)
    body(elements)
}
