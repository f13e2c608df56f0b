/// The algorithms, in the order in which they are listed. The reference is last and refuses nothing.
package enum Registry {
    package static let all: [any Algorithm.Type] = [
        Direct.self,
        TiledFFT.self,
        Reference.self,
    ]
}
