internal import SpectralEngine

extension Machine {
    /// How many times as long stages take for where their tile lies. It and the half spectrum it meets should be near: well inside the
    /// cache, since there is more to it. Each doubling beyond a quarter costs.
    ///
    /// - Parameter team: Workers who share the tile, each with a part of it in its own cache.
    func distanceCost(_ shape: TileShape, _ precision: Precision, team: Int = 1) -> Double {
        // Of a split line its factors are met as often.
        let count = shape.tileCount + shape.halfCount + (shape.isSplit ? shape.tableCount : 0)
        let bytes = Double(2 * precision.byteCount) * Double(count) / Double(team)
        return 1 + beyondCacheCost * max(4 * bytes / Double(cacheByteCount), 1).log2Bound
    }
}

/// What the stages of the pipeline cost on one core for one tile of a shape, in seconds.
struct StageTimes {
    private let machine: Machine
    private let shape: TileShape
    /// How much slower everything is than on f32 on the machine that was measured, and than in its cache.
    private let speed: Double
    private var factor: Double

    init(_ machine: Machine, _ shape: TileShape, _ precision: Precision) {
        self.machine = machine
        self.shape = shape
        speed = (precision == .float32 ? 1 : 2) / machine.coreSpeed
        factor = machine.distanceCost(shape, precision) * speed
    }

    /// The same where all lies in the cache.
    var near: StageTimes {
        var stages = self
        stages.factor = speed
        return stages
    }

    /// Gather and all passes; rows and planes without samples are left out.
    ///
    /// - Parameter carried: Rows (or planes) that need none of it, in the mean. Of gathering them half is saved: samples that two tiles
    ///   gather are near the second time.
    func forward(_ box: TileExtents, carried: Double = 0) -> Double {
        guard carried > 0 else { return moved(box) + transform(box, isInverse: false) + calls(box) }
        let loaded =
            shape.planes > 1
            ? TileExtents(planes: max(box.planes - carried, 0), rows: box.rows, columns: box.columns)
            : TileExtents(planes: box.planes, rows: max(box.rows - carried, 0), columns: box.columns)
        return (moved(box) + moved(loaded)) / 2 + transform(loaded, isInverse: false) + calls(loaded)
    }

    /// All passes back, and scatter; rows and planes that are not kept are left out.
    func inverse(_ box: TileExtents) -> Double { moved(box) + transform(box, isInverse: true) + calls(box) }

    /// A product of the spectrum of one field with that of one filter: a call for every panel of lines.
    var product: Double {
        Double(shape.pointCount) * machine.productTime * factor + Double((shape.lineCount + 7) / 8) * machine.callTime
    }

    private func moved(_ box: TileExtents) -> Double {
        let rows = box.planes * box.rows
        return (rows * (Double(shape.length) * machine.gatherTime + machine.rowTime)) * factor
    }

    /// What panels of eight rows or lines cost beyond their points, and a block.
    private func calls(_ box: TileExtents) -> Double {
        let rows = box.planes * (box.rows / 8).rounded(.up)
        let columns = shape.planes > 1 ? box.planes * Double(shape.length) / 8 : 0
        return machine.blockTime + (rows + columns + Double(shape.lineCount) / 8) * machine.callTime
    }

    private func transform(_ box: TileExtents, isInverse: Bool) -> Double {
        let points = Double(shape.pointCount)
        let (line, isColumns) = machine.passTimes.pass(shape.lineLength, contiguous: shape.isFolded)
        // Lines are read by FFTW, or copied; on the way back they lie side by side, and are always copied.
        let lines =
            points
            * (isInverse ? contiguous(shape.lineLength) + machine.copyTime : line + (isColumns ? 0 : machine.copyTime))
        var time = 0.0
        if shape.planes > 1 {
            let share = box.planes / Double(shape.planes)
            time += share * box.rows / Double(shape.rows) * points * contiguous(shape.length)
            let (column, isRead) = machine.passTimes.pass(shape.rows)
            time +=
                share * points
                * (isInverse ? contiguous(shape.rows) + machine.copyTime : column + (isRead ? 0 : machine.copyTime))
            // The planes of a line are far from each other. Eight of a column at a time are transformed, also where fewer are left.
            let transformed = points * (Double(shape.rows) / 8).rounded(.up) * 8 / Double(shape.rows)
            time += transformed * (isInverse ? contiguous(shape.lineLength) : line)
            time += transformed * (isColumns && !isInverse ? 0.5 : 2) * machine.copyTime
            if shape.isFolded { time += share * points * machine.foldTime }
        } else if shape.rows > 1, !shape.isFolded, machine.passTimes.pass(shape.rows).isColumns,
            machine.passTimes.pass(shape.length).isColumns
        {
            // A small tile: columns on both sides.
            let first = machine.passTimes.pass(shape.rows).seconds, last = machine.passTimes.pass(shape.length).seconds
            let share =
                isInverse
                ? box.rows / Double(shape.rows) : box.columns / Double(shape.length)
            time += points * (isInverse ? first + share * last : share * first + last)
        } else if shape.rows > 1 {
            let share = box.rows / Double(shape.rows)
            time += share * points * contiguous(shape.length) + lines
            if shape.isFolded { time += share * points * machine.foldTime }
        } else if shape.isSplit {
            time += points * (contiguous(shape.lineLength) + machine.splitTime)
        } else if shape.lineLength < shape.length {
            // A long line as a matrix: rotated, and its columns read by FFTW on the way forward, or copied.
            let columns = shape.length / shape.lineLength
            let first = isInverse ? contiguous(columns) : machine.passTimes.pass(columns).seconds
            time += lines + points * (first + machine.rotationTime)
        } else {
            // Measured as it is, by itself in whatever cache it lies.
            return points * machine.passTimes.single * speed
        }
        return time * factor
    }

    private func contiguous(_ length: Int) -> Double { machine.passTimes.pass(length, contiguous: true).seconds }
}
