import ArgumentParser
import Foundation
import Gateway
import Macaroons

/// `satgate token attenuate`: a narrower token from a token, without any key.
struct TokenAttenuateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "attenuate", abstract: "Add caveats to a token and print the narrower one.")

    @OptionGroup var token: TokenArgument

    @Option(name: .customLong("caveat"), parsing: .singleValue, help: "A caveat, \"key = value\"; may be repeated.")
    var caveats: [String]

    func run() throws {
        for caveat in caveats {
            guard let flaw = CaveatGrammar.flaw(in: caveat) else { continue }
            let warning = "satgate: a node will refuse this token, for \(printable(caveat)): \(flaw)\n"
            FileHandle.standardError.write(Data(warning.utf8))
        }
        print(try attenuated().encoded())
    }

    /// The narrower token, whether or not a node would understand it.
    func attenuated() throws -> Macaroon {
        do {
            return try caveats.reduce(token.macaroon()) { try $0.attenuated(by: Array($1.utf8)) }
        } catch let error as MacaroonError {
            throw TokenFailure(reason: "not attenuated: \(error.explanation)")
        }
    }
}

/// The text with its control characters spelled out, so that a terminal does nothing with them.
func printable(_ text: String) -> String {
    var shown = ""
    for scalar in text.unicodeScalars {
        shown += scalar.properties.generalCategory == .control ? scalar.escaped(asASCII: true) : String(scalar)
    }
    return shown
}
