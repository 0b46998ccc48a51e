/// One condition of a macaroon, as bytes: what it means is for the reader to know.
package struct Caveat: Sendable, Hashable {
    /// What the caveat says; for a third party's, what it is to prove.
    package let identifier: [UInt8]
    /// The third party's part, nil for a first-party caveat.
    package let thirdParty: ThirdParty?

    /// What makes a caveat a third party's: it is met by a discharge of that party, which nobody here accepts.
    package struct ThirdParty: Sendable, Hashable {
        package let verification: [UInt8]
        package let location: [UInt8]?
    }

    /// A first-party caveat.
    package init(_ identifier: [UInt8]) {
        self.identifier = identifier
        thirdParty = nil
    }

    /// A third party's, only ever read, never made.
    init(_ identifier: [UInt8], thirdParty: ThirdParty?) {
        self.identifier = identifier
        self.thirdParty = thirdParty
    }
}
