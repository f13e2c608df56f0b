import CKernels
import SpectralEngine

/// One call of one kernel: what it reads, and what it should leave behind by its plain definition.
///
/// Operands lie in [-1, 1) and what a kernel should not read is NaN. What it writes to is filled with a value that no
/// kernel makes, and compared as a whole, guards, padding and all.
struct KernelCase<T: KernelScalar>: Sendable {
    /// As in kernels.inc.
    let kernel: String
    let parameters: String
    /// What the definition leaves in the output buffers, one after the other, then what the kernel returns.
    let expected: [Double]
    /// The largest error of what is written: 0 if the kernel only copies.
    let tolerance: Double
    /// How many elements at the end are returned instead, and their largest error.
    var returned: (count: Int, tolerance: Double) = (0, 0)
    /// Calls the kernel and returns what `expected` describes.
    let run: @Sendable (Kernels<T>) -> [T]

    /// Fused and plain multiply-adds of a few operands of magnitude 1 differ by this much at most.
    static var fewRoundings: Double { 8 * Double(T.ulpOfOne) }
}

/// A value that stands where nothing has been written, exact in both precisions.
let untouched = -9345.125

/// Elements before and after every buffer; odd, so that a buffer is aligned to its element and to nothing more.
private let guardCount = 37

/// A buffer that is read: everything outside is NaN.
struct Operand<T: KernelScalar>: Sendable {
    private let elements: [T]

    init(_ values: [Double]) {
        let outside = [T](repeating: .nan, count: guardCount)
        elements = outside + values.map { T($0) } + outside
    }

    func lend<Result>(_ body: (UnsafePointer<T>) -> Result) -> Result {
        // The closure gets guardCount + count + guardCount elements, and reads those between the guards.
        elements.withUnsafeBufferPointer { buffer in
            guard let base = buffer.baseAddress else { preconditionFailure("guards are never empty") }
            return body(base + guardCount)
        }
    }
}

/// A buffer that is written: everything outside is a value that must stay.
func written<T: KernelScalar>(_ values: [Double], _ body: (UnsafeMutablePointer<T>) -> Void) -> [T] {
    var elements = guarded(values).map { T($0) }
    elements.withUnsafeMutableBufferPointer { buffer in
        guard let base = buffer.baseAddress else { preconditionFailure("guards are never empty") }
        body(base + guardCount)
    }
    return elements
}

/// What `written` returns if the buffer holds these values.
func guarded(_ values: [Double]) -> [Double] {
    let outside = [Double](repeating: untouched, count: guardCount)
    return outside + values + outside
}

// MARK: - Rows of a tile, and windows

/// Some rows of a tile as gather and scatter see them.
struct KernelRows: CustomStringConvertible {
    /// Of the whole tile.
    let extents: (planes: Int, rows: Int, length: Int)
    let rows: ck_rows

    /// At most ten rows, wherever they lie in their tile.
    init(length: Int, _ generator: inout SeededGenerator) {
        extents = (generator.integer(in: 1...3), generator.integer(in: 1...12), length)
        let row = generator.integer(in: 0...extents.rows - 1)
        rows = ck_rows(
            plane: generator.integer(in: 0...extents.planes - 1), row: row,
            count: generator.integer(in: 1...min(10, extents.rows - row)), length: length,
            pitch: length + generator.integer(in: 0...3))
    }

    var description: String { "\(extents) \(rows)" }

    /// Elements of the rows with what lies between them.
    var count: Int { 2 * rows.count * rows.pitch }

    /// Rows of zeros with `between` between them.
    func zeros(between: Double) -> [Double] {
        var values = [Double](repeating: between, count: count)
        for row in 0..<rows.count {
            for element in 0..<2 * rows.length { values[2 * row * rows.pitch + element] = 0 }
        }
        return values
    }
}

/// A box of samples with its strides, and how many array elements it needs.
struct KernelWindow {
    let box: ck_window
    let arrayCount: Int

    /// A box that lies somewhere in a tile, and so may miss some or all of the rows; one in eight is empty. Steps are up to 3,
    /// the innermost one only if `strided`.
    ///
    /// - Parameter columns: Whose innermost axis to take in place of one of its own.
    init(
        in extents: (planes: Int, rows: Int, length: Int), strided: Bool, columns: KernelWindow? = nil,
        _ generator: inout SeededGenerator
    ) {
        func axis(_ extent: Int, strided: Bool) -> (start: Int, step: Int, count: Int) {
            let start = generator.integer(in: 0...extent - 1)
            let step = strided ? generator.integer(in: 1...3) : 1
            return (start, step, 1 + generator.integer(in: 0...(extent - 1 - start) / step))
        }
        // Half of them cover their tile's rows, or few would meet the same ones.
        func outer(_ extent: Int) -> (start: Int, step: Int, count: Int) {
            generator.integer(in: 0...1) == 0 ? (0, 1, extent) : axis(extent, strided: true)
        }
        let (d, h) = (outer(extents.planes), outer(extents.rows))
        var w = axis(extents.length, strided: strided)
        if let columns = columns?.box, columns.count.2 > 0 { w = (columns.start.2, columns.step.2, columns.count.2) }
        let rowPitch = w.count + generator.integer(in: 0...4)
        let planePitch = rowPitch * h.count + generator.integer(in: 0...4)
        let offset = generator.integer(in: 0...5)
        let isEmpty = generator.integer(in: 0...7) == 0
        box = ck_window(
            count: isEmpty ? (0, 0, 0) : (d.count, h.count, w.count), start: (d.start, h.start, w.start),
            step: (d.step, h.step, w.step), array_offset: offset, array_stride: (planePitch, rowPitch), next: 0)
        arrayCount = offset + (d.count - 1) * planePitch + (h.count - 1) * rowPitch + w.count
    }

    /// The element of the array, and the place in the tile, of every sample.
    var samples: [(array: Int, plane: Int, row: Int, column: Int)] {
        (0..<box.count.0).flatMap { d in
            (0..<box.count.1).flatMap { h in
                (0..<box.count.2).map { w in
                    (
                        box.array_offset + d * box.array_stride.0 + h * box.array_stride.1 + w,
                        box.start.0 + d * box.step.0, box.start.1 + h * box.step.1, box.start.2 + w * box.step.2
                    )
                }
            }
        }
    }

    /// The samples that lie in some rows: elements of the array, and complex elements of the rows.
    func samples(in rows: ck_rows) -> [(array: Int, element: Int)] {
        samples.filter { $0.plane == rows.plane && (rows.row..<rows.row + rows.count).contains($0.row) }
            .map { ($0.array, ($0.row - rows.row) * rows.pitch + $0.column) }
    }

    /// Values at some elements, `between` elsewhere.
    func array(_ places: [Int], _ values: [Double], between: Double) -> [Double] {
        var array = [Double](repeating: between, count: arrayCount)
        for (place, value) in zip(places, values) { array[place] = value }
        return array
    }
}

// MARK: - Lines of a spectrum

/// Some lines as the kernels see them.
struct KernelLines {
    let count: Int
    let length: Int
    let pitch: Int

    func random(_ generator: inout SeededGenerator) -> [[Complex]] {
        (0..<count).map { _ in randomLine(length, &generator) }
    }

    /// Elements of these lines, `pitch` apart; between them lies `between`.
    func elements(_ lines: [[Complex]], between: Double) -> [Double] {
        var values = [Double](repeating: between, count: 2 * count * pitch)
        for (line, bins) in lines.enumerated() {
            for (bin, value) in bins.enumerated() {
                values[2 * (line * pitch + bin)] = value.real
                values[2 * (line * pitch + bin) + 1] = value.imaginary
            }
        }
        return values
    }
}

func randomLine(_ length: Int, _ generator: inout SeededGenerator) -> [Complex] {
    (0..<length).map { _ in Complex(real: generator.value(), imaginary: generator.value()) }
}

/// The elements of one line.
func elements(_ bins: [Complex]) -> [Double] { bins.flatMap { [$0.real, $0.imaginary] } }

/// The ways in which the bins of a line meet those of its opposite.
enum BinMirror: CaseIterable {
    case straight, mirrored, reversed

    static let opposites: [BinMirror] = [.mirrored, .reversed]

    var value: Int32 {
        switch self {
        case .straight: Int32(CK_STRAIGHT)
        case .mirrored: Int32(CK_MIRRORED)
        case .reversed: Int32(CK_REVERSED)
        }
    }

    /// The bin that bin j meets.
    func bin(_ j: Int, of length: Int) -> Int {
        switch self {
        case .straight: j
        case .mirrored: (length - j) % length
        case .reversed: length - 1 - j
        }
    }
}
