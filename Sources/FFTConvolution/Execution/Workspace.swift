package import SpectralEngine
internal import Synchronization

/// Scratch memory of one execution at a time: 64-byte aligned, booked by the recipe, granted by the caller.
///
/// Its content before and after an execution means nothing. Reuse one workspace for many executions: fresh memory
/// costs a page fault every 4 KiB.
public final class Workspace: Sendable {
    let buffer: AlignedBuffer
    /// Executions that read what is kept in it, or −1 while one may write.
    private let users = Atomic(0)

    /// Bytes it holds.
    public var byteCount: Int { buffer.byteCount }

    /// - Throws: ``ConvolutionError`` of kind `resourceLimit` if the memory cannot be had.
    public init(byteCount: Int) throws(ConvolutionError) {
        try requireMemory(byteCount: byteCount)
        do {
            buffer = try AlignedBuffer(byteCount: byteCount)
        } catch {
            throw ConvolutionError(
                .resourceLimit, argument: "workspace", value: "\(byteCount) bytes", rule: "could not be allocated")
        }
    }

    /// Lends the memory to one execution; a second one at the same time is an error.
    package func withExclusiveRegion(
        requiring required: Int, _ body: (SharedRegion<UInt8>) throws -> Void
    ) throws {
        guard byteCount >= required else {
            throw ConvolutionError(
                .mismatch, argument: "workspace", value: "\(byteCount) bytes", rule: "needs at least \(required) bytes")
        }
        guard users.compareExchange(expected: 0, desired: -1, ordering: .acquiring).exchanged else {
            throw Self.isInUse
        }
        defer { users.store(0, ordering: .releasing) }
        try buffer.withSharedRegion(body)
    }

    /// Lends what is kept in it to executions that only read, as many as there are; an error while one may write.
    package func withReadRegion(_ body: (SharedRegion<UInt8>) throws -> Void) throws {
        var seen = users.load(ordering: .relaxed)
        while true {
            guard seen >= 0 else { throw Self.isInUse }
            let (exchanged, found) = users.compareExchange(expected: seen, desired: seen + 1, ordering: .acquiring)
            if exchanged { break }
            seen = found
        }
        defer { users.wrappingSubtract(1, ordering: .releasing) }
        try buffer.withSharedRegion(body)
    }

    private static var isInUse: ConvolutionError {
        ConvolutionError(
            .mismatch, argument: "workspace", value: "a workspace in use", rule: "serves one execution at a time")
    }
}

/// Workspaces of the convenient calls, kept for the next call.
package final class WorkspacePool: Sendable {
    static let shared = WorkspacePool()

    /// Idle workspaces kept, and the bytes they may hold together: enough for a few threads with image-sized work, and
    /// small beside the memory of any machine this runs on.
    private let limit: (count: Int, byteCount: Int)
    private let idle = Mutex<[Workspace]>([])

    package init(count: Int = 4, byteCount: Int = 256 << 20) { limit = (count, byteCount) }

    /// A workspace that nobody else uses; hand it back with ``giveBack(_:)``.
    package func take(byteCount: Int) throws(ConvolutionError) -> Workspace {
        // The smallest that is large enough; one far larger is left to who needs it.
        let most = max(byteCount, min(byteCount, .max / 2) * 2)
        let kept = idle.withLock { idle -> Workspace? in
            var best: Int?
            for (index, workspace) in idle.enumerated() where (byteCount...most).contains(workspace.byteCount) {
                if let best, idle[best].byteCount <= workspace.byteCount { continue }
                best = index
            }
            return best.map { idle.remove(at: $0) }
        }
        if let kept { return kept }
        do {
            return try Workspace(byteCount: byteCount)
        } catch {
            // What is idle may be what is missing.
            drop { $0.count }
            return try Workspace(byteCount: byteCount)
        }
    }

    package func giveBack(_ workspace: Workspace) {
        guard workspace.byteCount <= limit.byteCount else { return }
        idle.withLock { $0.append(workspace) }
        drop { idle in
            var (bytes, first) = (idle.reduce(0) { $0 + $1.byteCount }, 0)
            while idle.count - first > limit.count || bytes > limit.byteCount {
                bytes -= idle[first].byteCount
                first += 1
            }
            return first
        }
    }

    /// Frees so many of the oldest, outside the lock.
    private func drop(_ count: @Sendable ([Workspace]) -> Int) {
        let dropped = idle.withLock { idle -> [Workspace] in
            let dropped = Array(idle.prefix(count(idle)))
            idle.removeFirst(dropped.count)
            return dropped
        }
        _ = dropped
    }
}
