internal import CKernels

/// Which samples of one array axis lie in which positions of one tile axis.
///
/// Position p of the tile stands for coordinate origin + p of a dense grid, on which the array's element e sits at
/// coordinate e·step. Overlap-save, zero padding, dilated filters and strided gradients are all this one relation.
public struct AxisSegment: Hashable, Sendable {
    /// Samples in both.
    public let count: Int
    /// Position of the first one in the tile.
    public let tileStart: Int
    /// Positions from sample to sample; 1 where there is at most one sample, whatever stride was given.
    public let step: Int
    /// Element of the first one in the array.
    public let arrayStart: Int

    /// - Parameters:
    ///   - origin: Grid coordinate of the tile's position 0; may be negative.
    ///   - positions: Tile positions that take part.
    ///   - extent: Elements of the array axis.
    ///   - step: Grid coordinates from element to element.
    public init(origin: Int, positions: Range<Int>, extent: Int, step: Int) {
        // The first element at or after the first position, the last one at or before the last; both inside the array.
        let low = origin + positions.lowerBound
        let high = origin + positions.upperBound - 1
        // Most grids have no zeros between their samples; then nothing has to be divided.
        let first = low <= 0 ? 0 : step == 1 ? low : low / step + (low % step > 0 ? 1 : 0)
        let last = high < 0 ? -1 : min(extent - 1, step == 1 ? high : high / step)
        count = max(0, last - first + 1)
        tileStart = count > 0 ? first * step - origin : positions.lowerBound
        arrayStart = count > 0 ? first : 0
        self.step = count > 1 ? step : 1
    }

    /// The tile positions from the first sample to the last.
    public var positions: Range<Int> {
        count > 0 ? tileStart..<tileStart + (count - 1) * step + 1 : tileStart..<tileStart
    }
}

/// A box of samples that an array and a tile have in common: what gather reads and scatter writes.
public struct Window: Hashable, Sendable {
    /// Depth, height, width.
    public let segments: (AxisSegment, AxisSegment, AxisSegment)
    /// Elements of the array before its plane, and its extents within the plane.
    private(set) var planeOffset: Int
    let extents: (height: Int, width: Int)

    /// - Parameters:
    ///   - segments: One for each of the three axes, outermost first.
    ///   - planeOffset: The first element of the plane (batch item and channel) within its array.
    ///   - height, width: Extents of the plane's inner axes.
    public init(
        _ depth: AxisSegment, _ height: AxisSegment, _ width: AxisSegment, planeOffset: Int, extents: (Int, Int)
    ) {
        segments = (depth, height, width)
        self.planeOffset = planeOffset
        self.extents = extents
    }

    /// The same window some elements further on in the array: in another plane.
    public func moved(by elements: Int) -> Window {
        var window = self
        window.planeOffset += elements
        return window
    }

    public var isEmpty: Bool { segments.0.count == 0 || segments.1.count == 0 || segments.2.count == 0 }

    /// Whether both lie in one plane and have elements of it in common, or between their first and last ones.
    func meets(_ other: Window) -> Bool {
        func meet(_ one: AxisSegment, _ two: AxisSegment) -> Bool {
            one.arrayStart < two.arrayStart + two.count && two.arrayStart < one.arrayStart + one.count
        }
        return planeOffset == other.planeOffset && meet(segments.0, other.segments.0)
            && meet(segments.1, other.segments.1) && meet(segments.2, other.segments.2)
    }

    /// One past the last array element it touches; 0 if empty.
    var arrayEnd: Int {
        func last(_ segment: AxisSegment) -> Int { segment.arrayStart + segment.count - 1 }
        if isEmpty { return 0 }
        return planeOffset + (last(segments.0) * extents.height + last(segments.1)) * extents.width + last(segments.2)
            + 1
    }

    /// Whether every tile position lies inside the shape.
    func fits(_ shape: TileShape) -> Bool {
        func fits(_ segment: AxisSegment, _ length: Int) -> Bool {
            segment.tileStart >= 0 && segment.positions.upperBound <= length
        }
        return isEmpty
            || fits(segments.0, shape.planes) && fits(segments.1, shape.rows) && fits(segments.2, shape.length)
    }

    /// The window as the kernels see it; an empty one has all counts 0.
    var kernelWindow: ck_window { kernelWindow(movedBy: 0) }

    /// The same some elements further on in the array.
    func kernelWindow(movedBy elements: Int) -> ck_window {
        let (d, h, w) = segments
        return ck_window(
            count: isEmpty ? (0, 0, 0) : (d.count, h.count, w.count),
            start: (d.tileStart, h.tileStart, w.tileStart), step: (d.step, h.step, w.step),
            array_offset: planeOffset + elements + (d.arrayStart * extents.height + h.arrayStart) * extents.width
                + w.arrayStart,
            array_stride: (extents.height * extents.width, extents.width), next: 0)
    }

    public static func == (first: Window, second: Window) -> Bool {
        first.segments == second.segments && first.planeOffset == second.planeOffset && first.extents == second.extents
    }

    public func hash(into hasher: inout Hasher) {
        hasher.combine(segments.0)
        hasher.combine(segments.1)
        hasher.combine(segments.2)
        hasher.combine(planeOffset)
    }
}

/// The windows of two partners, or of one that travels alone, with what every use of them asks for. Of most blocks only the planes
/// differ that they are about, so pairs are made once and used some elements further on in the array.
public struct WindowPair: Hashable, Sendable {
    public let first: Window
    public let second: Window?
    /// The tile positions that they take.
    public let box: TileBox
    /// One past the last array element they touch; 0 if they are empty.
    let arrayEnd: Int

    public init(_ first: Window, _ second: Window?) {
        (self.first, self.second) = (first, second)
        box = TileBox(first, second)
        arrayEnd = max(first.arrayEnd, second?.arrayEnd ?? 0)
    }

    /// Whether every tile position lies inside the shape.
    func fits(_ shape: TileShape) -> Bool {
        func fits(_ positions: Range<Int>, _ length: Int) -> Bool {
            positions.lowerBound >= 0 && positions.upperBound <= length
        }
        return fits(box.planes, shape.planes) && fits(box.rows, shape.rows) && fits(box.columns, shape.length)
    }
}
