import CKernels
import SpectralEngine

/// One call of one kernel: what it reads, and what it should leave behind by its plain definition.
///
/// Operands lie in [-1, 1) and what a kernel should not read is NaN. What it writes to is filled with a value that no
/// kernel makes, and compared as a whole, guards, padding and all.
struct KernelCase<T: KernelScalar> {
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
    let run: (Kernels<T>) -> [T]

    /// Fused and plain multiply-adds of a few operands of magnitude 1 differ by this much at most.
    static var fewRoundings: Double { 8 * Double(T.ulpOfOne) }
}

/// A value that stands where nothing has been written, exact in both precisions.
let untouched = -9345.125

/// Elements before and after every buffer; odd, so that a buffer is aligned to its element and to nothing more.
private let guardCount = 37

/// A buffer that is read: everything outside is NaN.
struct Operand<T: KernelScalar> {
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

// MARK: - Tiles and half spectra

/// The extents of a tile as the kernels see them.
struct KernelShape {
    let planes: Int
    let rows: Int
    let length: Int
    let pitch: Int
    let halfPitch: Int

    init(_ planes: Int, _ rows: Int, _ length: Int, padding: Int) {
        self.planes = planes
        self.rows = rows
        self.length = length
        pitch = length + padding
        halfPitch = length / 2 + 1 + padding
    }

    var extents: ck_shape {
        ck_shape(planes: planes, rows: rows, length: length, pitch: pitch, half_pitch: halfPitch)
    }

    var lineCount: Int { planes * rows }
    var tileCount: Int { 2 * lineCount * pitch }
    var halfCount: Int { 2 * lineCount * halfPitch }

    /// One for each kernel's path: single bins, odd and even lengths around the widths of vectors, one to three axes,
    /// with and without padding.
    static let all: [KernelShape] =
        ((1...20) + [31, 32, 33, 64, 65]).map { KernelShape(1, 1, $0, padding: $0 % 3) }
        + [
            KernelShape(1, 2, 1, padding: 0), KernelShape(1, 2, 2, padding: 6), KernelShape(1, 3, 5, padding: 3),
            KernelShape(1, 4, 16, padding: 0), KernelShape(1, 5, 17, padding: 7), KernelShape(3, 1, 6, padding: 2),
            KernelShape(2, 1, 9, padding: 1), KernelShape(2, 2, 2, padding: 0), KernelShape(2, 3, 4, padding: 4),
            KernelShape(3, 2, 7, padding: 1), KernelShape(3, 4, 18, padding: 6), KernelShape(4, 3, 33, padding: 7),
        ]

    /// A tile of these bins, row after row; between the rows lies `between`.
    func tile(_ bins: [Complex], between: Double) -> [Double] { lines(bins, length, pitch, between) }

    /// A half spectrum of these bins.
    func half(_ bins: [Complex], between: Double) -> [Double] { lines(bins, length / 2 + 1, halfPitch, between) }

    private func lines(_ bins: [Complex], _ count: Int, _ pitch: Int, _ between: Double) -> [Double] {
        var values = [Double](repeating: between, count: 2 * lineCount * pitch)
        for line in 0..<lineCount {
            for bin in 0..<count {
                values[2 * (line * pitch + bin)] = bins[line * count + bin].real
                values[2 * (line * pitch + bin) + 1] = bins[line * count + bin].imaginary
            }
        }
        return values
    }

    /// Place of a bin in a list of all bins, and of minus the bin.
    func index(_ plane: Int, _ row: Int, _ bin: Int) -> Int { (plane * rows + row) * length + bin }

    func negated(_ plane: Int, _ row: Int, _ bin: Int) -> Int {
        index((planes - plane) % planes, (rows - row) % rows, (length - bin) % length)
    }

    /// The bin of a whole Hermitian spectrum, given its half.
    ///
    /// - Parameter direct: Bins from here on are the conjugates of their mirror images; where the length is even, bin
    ///   length/2 can be read either way.
    func whole(_ half: [Complex], _ plane: Int, _ row: Int, _ bin: Int, direct: Int? = nil) -> Complex {
        let width = length / 2 + 1
        if bin < direct ?? width { return half[(plane * rows + row) * width + bin] }
        return half[((planes - plane) % planes * rows + (rows - row) % rows) * width + length - bin].conjugate
    }

    /// Calls `body` for every bin of a tile, or of a half spectrum, in order.
    func map(half: Bool, _ body: (_ plane: Int, _ row: Int, _ bin: Int) -> Complex) -> [Complex] {
        (0..<planes).flatMap { plane in
            (0..<rows).flatMap { row in
                (0..<(half ? length / 2 + 1 : length)).map { body(plane, row, $0) }
            }
        }
    }

    func random(half: Bool, _ generator: inout SeededGenerator) -> [Complex] {
        map(half: half) { _, _, _ in Complex(real: generator.value(), imaginary: generator.value()) }
    }
}

// MARK: - Windows

/// A box of samples with its strides, and how many array elements it needs.
struct KernelWindow {
    let box: ck_window
    let arrayCount: Int

    /// A box that lies somewhere in a tile, sample steps up to 3; one in eight is empty.
    init(in shape: KernelShape, strided: Bool, _ generator: inout SeededGenerator) {
        func axis(_ extent: Int) -> (start: Int, step: Int, count: Int) {
            let start = generator.integer(in: 0...extent - 1)
            let step = strided ? generator.integer(in: 1...3) : 1
            return (start, step, 1 + generator.integer(in: 0...(extent - 1 - start) / step))
        }
        let (d, h, w) = (axis(shape.planes), axis(shape.rows), axis(shape.length))
        let inner = strided ? generator.integer(in: 1...3) : 1
        let middle = inner * w.count + generator.integer(in: 0...4)
        let outer = middle * h.count + generator.integer(in: 0...4)
        let offset = generator.integer(in: 0...5)
        let isEmpty = generator.integer(in: 0...7) == 0
        let plane = shape.rows * shape.pitch
        box = ck_window(
            count: isEmpty ? (0, 0, 0) : (d.count, h.count, w.count),
            tile_offset: d.start * plane + h.start * shape.pitch + w.start,
            tile_stride: (d.step * plane, h.step * shape.pitch, w.step), array_offset: offset,
            array_stride: (outer, middle, inner))
        arrayCount = offset + (d.count - 1) * outer + (h.count - 1) * middle + (w.count - 1) * inner + 1
    }

    /// The complex element of the tile and the element of the array of every sample.
    var samples: [(tile: Int, array: Int)] {
        (0..<box.count.0).flatMap { d in
            (0..<box.count.1).flatMap { h in
                (0..<box.count.2).map { w in
                    (
                        box.tile_offset + d * box.tile_stride.0 + h * box.tile_stride.1 + w * box.tile_stride.2,
                        box.array_offset + d * box.array_stride.0 + h * box.array_stride.1 + w * box.array_stride.2
                    )
                }
            }
        }
    }

    /// Values at the samples, `between` elsewhere.
    func array(_ values: [Double], between: Double) -> [Double] {
        var array = [Double](repeating: between, count: arrayCount)
        for (sample, value) in zip(samples, values) { array[sample.array] = value }
        return array
    }
}
