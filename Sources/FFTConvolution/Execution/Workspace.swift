package import SpectralEngine
internal import Synchronization

/// Scratch memory of one execution at a time: 64-byte aligned, booked by the recipe, granted by the caller.
///
/// Its content before and after an execution means nothing. Reuse one workspace for many executions: fresh memory
/// costs a page fault every 4 KiB.
public final class Workspace: Sendable {
    let buffer: AlignedBuffer
    private let isInUse = Atomic(false)

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
        guard !isInUse.exchange(true, ordering: .acquiring) else {
            throw ConvolutionError(
                .mismatch, argument: "workspace", value: "a workspace in use",
                rule: "serves one execution at a time")
        }
        defer { isInUse.store(false, ordering: .releasing) }
        try buffer.withSharedRegion(body)
    }
}

/// Workspaces of the convenient calls, kept for the next call.
final class WorkspacePool: Sendable {
    static let shared = WorkspacePool()

    /// Idle workspaces kept, and the bytes they may hold together: enough for a few threads with image-sized work, and
    /// small beside the memory of any machine this runs on.
    private let limit = (count: 4, byteCount: 256 << 20)
    private let idle = Mutex<[Workspace]>([])

    /// A workspace that nobody else uses; hand it back with ``giveBack(_:)``.
    func take(byteCount: Int) throws(ConvolutionError) -> Workspace {
        let kept = idle.withLock { idle -> Workspace? in
            guard let index = idle.firstIndex(where: { $0.byteCount >= byteCount }) else { return nil }
            return idle.remove(at: index)
        }
        if let kept { return kept }
        return try Workspace(byteCount: byteCount)
    }

    func giveBack(_ workspace: Workspace) {
        idle.withLock { idle in
            idle.append(workspace)
            while idle.count > limit.count || idle.reduce(0, { $0 + $1.byteCount }) > limit.byteCount {
                idle.removeFirst()
            }
        }
    }
}
