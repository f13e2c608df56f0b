import ArrayFiles
import Foundation
import Testing

@Suite struct PictureTests {
    /// Filters a picture with a command that must succeed.
    private func filter(_ image: Image, _ line: String, kernel: ([Int], [Float])? = nil) throws -> Image {
        let folder = try Folder()
        try folder.write(image, "in.png")
        if let kernel { try folder.write(kernel.0, kernel.1, "kernel.npy") }
        let words = line.split(separator: " ").map(String.init)
        let outcome = try Tool.run(["image", "in.png"] + words + ["-o", "out.png"], in: folder)
        #expect(outcome.status == 0, "\(line): \(outcome.errors)")
        let result = try folder.image("out.png")
        #expect(result.width == image.width && result.height == image.height)
        #expect(result.colorModel == image.colorModel && result.bitDepth == image.bitDepth)
        return result
    }

    private func picture(
        _ width: Int, _ height: Int, _ model: Image.ColorModel = .grey, _ bitDepth: Int = 8,
        _ sample: (Int) -> UInt16
    ) -> Image {
        let count = width * height * model.rawValue
        return Image(
            width: width, height: height, colorModel: model, bitDepth: bitDepth, samples: (0..<count).map(sample))
    }

    /// Every model and depth, in both kinds of light: a kernel of one tap changes nothing.
    @Test(arguments: Image.ColorModel.allCases, [8, 16])
    func identityKeepsEverySample(model: Image.ColorModel, bitDepth: Int) throws {
        let scale = bitDepth == 8 ? 1 : 257
        // Alpha, the last sample of a pixel, is never 0 here: colours under it would not survive.
        let image = picture(5, 3, model, bitDepth) { UInt16(($0 * 37 % 200 + 50) * scale) }
        for options in ["", " --linear", " --padding-mode zeros"] {
            #expect(try filter(image, "box:1\(options)").samples == image.samples)
        }
    }

    @Test(arguments: ["gaussian:1.5", "disk:2.3", "motion:5:30", "box:4"])
    func constantPictureStaysConstant(shape: String) throws {
        let image = picture(6, 5, .rgb) { [10, 130, 255][$0 % 3] }
        for mode in ["replicate", "reflect", "circular"] {
            #expect(try filter(image, "\(shape) --padding-mode \(mode)").samples == image.samples)
        }
    }

    @Test func zerosDarkenTheBorder() throws {
        let image = picture(3, 3) { _ in 90 }
        #expect(
            try filter(image, "box:3 --padding-mode zeros").samples == [40, 60, 40, 60, 90, 60, 40, 60, 40])
    }

    /// A kernel that takes the sample two places to the left: true convolution moves the picture to the right.
    @Test(arguments: [
        (mode: "zeros", samples: [0, 0, 10]), (mode: "replicate", samples: [10, 10, 10]),
        (mode: "reflect", samples: [30, 20, 10]), (mode: "circular", samples: [20, 30, 10]),
    ])
    func bordersGoOnAsTheyAreNamed(row: (mode: String, samples: [UInt16])) throws {
        let image = picture(3, 1) { UInt16($0 * 10 + 10) }
        let result = try filter(
            image, "kernel.npy --padding-mode \(row.mode)", kernel: ([1, 5], [0, 0, 0, 0, 1]))
        #expect(result.samples == row.samples)
    }

    @Test func borderMayExceedThePicture() throws {
        let image = picture(2, 1) { [10, 20][$0] }
        // Ten places to the right; the period of reflection is 2, of repetition 2 as well.
        let kernel: ([Int], [Float]) = ([1, 21], (0..<21).map { $0 == 19 ? 1 : 0 })
        #expect(try filter(image, "kernel.npy --padding-mode reflect", kernel: kernel).samples == [20, 10])
        #expect(try filter(image, "kernel.npy --padding-mode circular", kernel: kernel).samples == [20, 10])
    }

    /// A point of light shows the kernel as it is.
    @Test func pointShowsTheKernel() throws {
        let image = picture(3, 3) { $0 == 4 ? 100 : 0 }
        let kernel: ([Int], [Float]) = ([3, 3], [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9])
        #expect(
            try filter(image, "kernel.npy --no-normalize", kernel: kernel).samples
                == [10, 20, 30, 40, 50, 60, 70, 80, 90])
    }

    @Test func horizontalMotionIsABox() throws {
        let image = picture(7, 3) { $0 == 10 ? 250 : 0 }
        let expected: [UInt16] = [0, 50, 50, 50, 50, 50, 0]
        for angle in ["0", "180", "-180"] {
            #expect(Array(try filter(image, "motion:5:\(angle)").samples[7..<14]) == expected)
        }
        // Counter-clockwise: at 45 degrees the line rises to the right.
        let turned = try filter(image, "motion:3:45").samples
        #expect(turned[4] > 0 && turned[2] == 0 && turned[16] > 0 && turned[18] == 0)
    }

    /// The hidden red of a transparent pixel must not show beside it.
    @Test func transparentPixelsDoNotBleed() throws {
        let image = Image(
            width: 2, height: 1, colorModel: .rgba, bitDepth: 8, samples: [255, 0, 0, 0, 0, 0, 200, 255])
        let result = try filter(image, "box:3 --padding-mode reflect")
        // Alpha (0 + 255 + 255)/3 and (255 + 0 + 0)/3; the only colour anybody saw stays what it was.
        #expect(result.samples == [0, 0, 200, 170, 0, 0, 200, 85])
    }

    /// The mean of black and white is brighter in light than in sample values.
    @Test func linearLightIsBrighter() throws {
        let image = picture(2, 1) { $0 == 0 ? 0 : 255 }
        #expect(try filter(image, "box:2 --padding-mode circular").samples == [128, 128])
        #expect(try filter(image, "box:2 --padding-mode circular --linear").samples == [188, 188])
    }

    @Test func sumIsClampedAndScaled() throws {
        let image = picture(1, 1) { _ in 200 }
        #expect(try filter(image, "kernel.npy --no-normalize", kernel: ([1, 1], [2])).samples == [255])
        #expect(try filter(image, "kernel.npy --no-normalize", kernel: ([1, 1], [-1])).samples == [0])
        #expect(try filter(image, "kernel.npy", kernel: ([1, 1], [3])).samples == [200])
        #expect(try filter(image, "kernel.npy --no-normalize", kernel: ([1, 2], [3e38, -3e38])).samples == [0])
    }

    @Test func picturesAreKernels() throws {
        let folder = try Folder()
        try folder.write(picture(3, 1) { [0, 0, 255][$0] }, "kernel.png")
        try folder.write(picture(3, 1) { [1, 2, 3][$0] }, "in.png")
        let outcome = try Tool.run(
            ["image", "in.png", "kernel.png", "-o", "out.png", "--method", "direct", "--report"], in: folder)
        #expect(outcome.status == 0, "\(outcome.errors)")
        #expect(try folder.image("out.png").samples == [1, 1, 2])
        #expect(outcome.errors.contains("problem: i1x5_f1x3_fwd"))
    }
}
