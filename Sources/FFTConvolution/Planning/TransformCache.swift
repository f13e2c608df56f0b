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

    /// Transforms kept; a large one holds about as many twiddle factors as a row and a column of its tile have points.
    private let capacity = 64
    private let kept = Mutex<[(key: Key, transform: any Sendable)]>([])
    private let known: MeasuredPlans
    private let wholeLines: Set<Int>

    /// - Parameter known: FFTW's plans that need not be estimated.
    init(_ known: MeasuredPlans) { (self.known, wholeLines) = (known, known.singleLines) }

    /// A tile in the form that its transforms are fastest in with these plans.
    func shape(planes: Int, rows: Int, length: Int) -> TileShape {
        TileShape(planes: planes, rows: rows, length: length, isWhole: wholeLines.contains(length))
    }

    /// - Throws: `PlanFailure` or `AllocationFailure`.
    func transform<Scalar: ConvolutionScalar>(_ shape: TileShape) throws -> PackedTransform<Scalar> {
        try cached(Key(kind: .tile(shape), precision: .of(Scalar.self))) {
            try PackedTransform<Scalar>(shape: shape, known: known)
        }
    }

    /// - Throws: `PlanFailure` or `AllocationFailure`.
    func channels<Scalar: ConvolutionScalar>(_ layout: ChannelLayout) throws -> ChannelTransform<Scalar> {
        try cached(Key(kind: .channels(layout), precision: .of(Scalar.self))) { try ChannelTransform<Scalar>(layout) }
    }

    private func cached<Transform: Sendable>(_ key: Key, _ make: () throws -> Transform) throws -> Transform {
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
        let dropped = kept.withLock { kept -> (any Sendable)? in
            kept.append((key, made))
            return kept.count > capacity ? kept.removeFirst().transform : nil
        }
        _ = dropped
        return made
    }
}
