internal import SpectralEngine
internal import Synchronization

/// Transforms by shape and precision, shared by the plans that use them: the three passes of a problem mostly have one
/// shape, and making a transform takes milliseconds.
final class TransformCache: Sendable {
    /// With the plans that this machine's calibration has stored, or those built in.
    static let shared = TransformCache(StoredCalibration.plans ?? .builtIn)
    /// The one that plans are made with: ``shared``, but while calibration measures with plans that are not stored yet.
    @TaskLocal static var current = shared

    private struct Key: Hashable, Sendable {
        enum Kind: Hashable, Sendable {
            case tile(TileShape)
            case channels(ChannelLayout)
        }

        let kind: Kind
        let precision: Precision
    }

    private struct Entry {
        let key: Key
        let transform: any Sendable
        /// Of its tables.
        let byteCount: Int
    }

    /// Transforms kept, and bytes of their tables: a long line has a factor for each of its points.
    private let capacity = 64
    private let byteLimit = 64 << 20
    private let kept = Mutex<[Entry]>([])
    private let known: MeasuredPlans

    /// - Parameter known: FFTW's plans that need not be estimated.
    init(_ known: MeasuredPlans) { self.known = known }

    /// - Throws: `PlanFailure` or `AllocationFailure`.
    func transform<Scalar: ConvolutionScalar>(_ shape: TileShape) throws -> PackedTransform<Scalar> {
        try cached(Key(kind: .tile(shape), precision: .of(Scalar.self)), tableCount: shape.tableCount) {
            try PackedTransform<Scalar>(shape: shape, known: known)
        }
    }

    /// - Throws: `PlanFailure` or `AllocationFailure`.
    func channels<Scalar: ConvolutionScalar>(_ layout: ChannelLayout) throws -> ChannelTransform<Scalar> {
        try cached(Key(kind: .channels(layout), precision: .of(Scalar.self)), tableCount: layout.tableCount) {
            try ChannelTransform<Scalar>(layout)
        }
    }

    /// - Parameter tableCount: Complex elements.
    private func cached<Transform: Sendable>(
        _ key: Key, tableCount: Int, _ make: () throws -> Transform
    ) throws -> Transform {
        let found = kept.withLock { kept -> (any Sendable)? in
            guard let index = kept.firstIndex(where: { $0.key == key }) else { return nil }
            // The most recently used one is the last.
            let entry = kept.remove(at: index)
            kept.append(entry)
            return entry.transform
        }
        if let found = found as? Transform { return found }
        let made = try make()
        // A transform that is dropped destroys its plans under the planner lock: it must go outside this one.
        let byteCount = 2 * key.precision.byteCount * tableCount
        let (others, dropped) = kept.withLock { kept -> ((any Sendable)?, [Entry]) in
            // Another thread may have made it meanwhile: that one is everybody's.
            if let entry = kept.first(where: { $0.key == key }) { return (entry.transform, []) }
            kept.append(Entry(key: key, transform: made, byteCount: byteCount))
            var (bytes, first) = (kept.reduce(0) { $0 + $1.byteCount }, 0)
            // The last one stays.
            while first < kept.count - 1, kept.count - first > capacity || bytes > byteLimit {
                bytes -= kept[first].byteCount
                first += 1
            }
            defer { kept.removeFirst(first) }
            return (nil, Array(kept[..<first]))
        }
        _ = dropped
        return others as? Transform ?? made
    }
}
