// swift-tools-version: 6.2
import PackageDescription

// What every target of this package agrees to. The safe targets add strict memory safety: an unsafe expression that is
// not marked does not compile there. FFTConvolution has none at all; ArrayFiles marks its system calls.
let common: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .treatAllWarnings(as: .error),
]
let safe: [SwiftSetting] = common + [.strictMemorySafety()]

let package = Package(
    name: "swift-fft-convolution",
    platforms: [.macOS(.v15)],
    products: [
        // MARK: Public API
        .library(name: "FFTConvolution", targets: ["FFTConvolution"]),
        // For Benchmarks/, which measures the engine alone. Its interface may change with every release.
        .library(name: "SpectralEngine", targets: ["SpectralEngine"]),
        .executable(name: "fftconv", targets: ["fftconv"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2")
    ],
    targets: [
        // MARK: Public API
        .target(
            name: "FFTConvolution",
            dependencies: ["SpectralEngine"],
            swiftSettings: safe),
        .executableTarget(
            name: "fftconv",
            dependencies: [
                "FFTConvolution", "SpectralEngine", "ArrayFiles",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            swiftSettings: common),

        // MARK: Implementation
        .systemLibrary(
            name: "CFFTW",
            pkgConfig: "fftw3",
            providers: [.apt(["libfftw3-dev"]), .brew(["fftw"])]),
        .systemLibrary(
            name: "CPNG",
            pkgConfig: "libpng",
            providers: [.apt(["libpng-dev"]), .brew(["libpng"])]),
        .target(name: "CKernels", cSettings: [.define("NDEBUG", .when(configuration: .release))]),
        .target(
            name: "SpectralEngine",
            dependencies: ["CFFTW", "CKernels"],
            swiftSettings: common),
        .target(name: "PNGBridge", dependencies: ["CPNG"]),
        .target(
            name: "ArrayFiles",
            dependencies: ["PNGBridge"],
            swiftSettings: safe),

        // MARK: Tests
        .target(
            name: "TestSupport",
            dependencies: ["FFTConvolution", "SpectralEngine"],
            path: "Tests/TestSupport",
            swiftSettings: safe),
        .testTarget(
            name: "SpectralEngineTests",
            dependencies: ["SpectralEngine", "CKernels", "TestSupport"],
            swiftSettings: common),
        .testTarget(
            name: "FFTConvolutionTests",
            dependencies: ["CKernels", "FFTConvolution", "SpectralEngine", "TestSupport"],
            swiftSettings: common),
        .testTarget(
            name: "ArrayFilesTests",
            dependencies: ["ArrayFiles"],
            swiftSettings: common),
        .testTarget(
            name: "fftconvTests",
            dependencies: ["fftconv", "FFTConvolution", "SpectralEngine", "ArrayFiles", "TestSupport"],
            swiftSettings: common),
    ]
)
