internal import SpectralEngine

/// A place in a workspace: bytes from its start.
struct Booking: Hashable, Sendable {
    let offset: Int
    let byteCount: Int

    static let none = Booking(offset: 0, byteCount: 0)
}

/// Books places in a workspace, one after the other, each on its own cache line.
struct WorkspaceLayout: Hashable, Sendable {
    /// Bytes booked so far. Saturates: a recipe that needs more than the address space is refused by its size.
    private(set) var byteCount = 0

    mutating func book(_ counts: Int..., bytesEach: Int) -> Booking {
        var size = bytesEach
        for count in counts {
            let (product, overflow) = size.multipliedReportingOverflow(by: count)
            guard !overflow, product < Int.max / 4, byteCount < Int.max / 4 else {
                byteCount = Int.max / 2
                return Booking(offset: 0, byteCount: 0)
            }
            size = product
        }
        let alignment = AlignedBuffer.alignment
        let booking = Booking(offset: byteCount, byteCount: size)
        byteCount += (size + alignment - 1) / alignment * alignment
        return booking
    }
}

/// The product of counts, or an eighth of what `Int` holds if it is more: some of them can be added, and a recipe that needs
/// as much is refused by its size.
func saturatingProduct(_ counts: Int...) -> Int {
    counts.reduce(1) { product, count in
        let (next, overflow) = product.multipliedReportingOverflow(by: count)
        return overflow ? .max / 8 : min(next, .max / 8)
    }
}

extension SharedRegion<UInt8> {
    /// The booked part as elements of one type.
    func region<Other: BitwiseCopyable>(_ booking: Booking, of type: Other.Type) -> SharedRegion<Other> {
        part(booking).rebound(to: type)
    }

    /// The booked part.
    func part(_ booking: Booking) -> SharedRegion<UInt8> { self[booking.offset..<booking.offset + booking.byteCount] }
}

extension SharedRegion {
    /// Slice `index` of equal slices of `count` elements.
    func slice(_ index: Int, count: Int) -> SharedRegion { self[index * count..<(index + 1) * count] }
}
