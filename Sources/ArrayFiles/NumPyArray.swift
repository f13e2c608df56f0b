/// An array as an `.npy` file holds it: a shape and its elements in C order (the last axis varies fastest).
public struct NumPyArray: Sendable, Equatable {
    /// The elements in the precision they are computed in.
    public enum Elements: Sendable, Equatable {
        case float32([Float])
        case float64([Double])

        /// How many elements there are.
        public var count: Int {
            switch self {
            case .float32(let values): values.count
            case .float64(let values): values.count
            }
        }
    }

    /// The extent of each axis. A file holds 1 to ``maximumRank`` axes, each of which may be 0.
    public var shape: [Int]
    /// As many elements as the product of the shape; ``NumPyFile/serialize(_:)`` refuses any other number.
    public var elements: Elements

    public init(shape: [Int], elements: Elements) {
        self.shape = shape
        self.elements = elements
    }

    /// The largest number of axes that is read or written. Batch, channels and three of space are five; the rest
    /// is room, and a header that asks for a thousand axes is refused before it costs anything.
    public static let maximumRank = 8

    /// The product of the extents, or nil where it does not fit into an `Int`. Empty as soon as one extent is 0.
    static func elementCount(of shape: [Int]) -> Int? {
        if shape.contains(0) { return 0 }
        var count = 1
        for extent in shape {
            let (product, overflow) = count.multipliedReportingOverflow(by: extent)
            if overflow { return nil }
            count = product
        }
        return count
    }
}
