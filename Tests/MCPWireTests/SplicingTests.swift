import Testing

@testable import MCPWire

@Suite("Splicing changes what it must and nothing else")
struct SplicingTests {
    private static let ours = [
        #""token""#, #""tok\u0065n""#, #""io.satgate/a""#, #""io.satgate\/b""#, #""io.satg\u0061te/c""#, #""io.satgate/""#,
    ]

    /// Random `_meta` with some of ours among the rest.
    private func meta(_ random: inout Seeded, alsoOurs: [String]) -> Tree {
        var members = Tree.members(&random, depth: 1)
        for key in alsoOurs where random.happens(1, outOf: 3) { members.append((key, .random(&random, depth: 1))) }
        return Tree.object(members).shuffled(&random)
    }

    @Test("of a call (5,000 random ones)")
    func calls() throws {
        var random = Seeded(7)
        for _ in 0..<5000 {
            // Both spellings of one key would be a repeated key.
            let ours = Self.ours.filter { $0 != random.pick([#""token""#, #""tok\u0065n""#]) }.filter { _ in random.happens(1, outOf: 2) }
            let spelledTwice = ours.contains(#""token""#) && ours.contains(#""tok\u0065n""#)
            var params = Tree.members(&random, depth: 2)
            params.append((#""name""#, .token(#""agent__t""#)))
            if random.happens(1, outOf: 2) { params.append((random.pick([#""task""#, #""t\u0061sk""#]), .random(&random))) }
            if random.happens(2, outOf: 3) { params.append((#""arguments""#, .object(Tree.members(&random, depth: 3)))) }
            if random.happens(2, outOf: 3) {
                guard case .object(var members) = meta(&random, alsoOurs: spelledTwice ? [] : ours) else { continue }
                if random.happens(1, outOf: 2) { members.append((#""progressToken""#, .token(random.pick(["5", #""p""#])))) }
                params.append((#""_meta""#, Tree.object(members).shuffled(&random)))
            }
            let call = Tree.object(
                [
                    (#""jsonrpc""#, .token(#""2.0""#)), (#""id""#, .token(random.pick(["0", #""x""#]))),
                    (#""method""#, .token(#""tools/call""#)),
                    (#""params""#, Tree.object(params).shuffled(&random)),
                ] + Tree.members(&random, depth: 1)
            ).shuffled(&random)
            let expected = call.setting("id", to: .token("77")).changing("params") { params in
                params.setting("name", to: .token(#""t""#)).removing { $0 == #""task""# || $0 == #""t\u0061sk""# }
                    .changing("_meta") { $0.setting("progressToken", to: .token("77")).removing { Self.ours.contains($0) } }
            }
            let written = call.written(spacedBy: &random)
            let forwarded = try toolCall(written).forwarded(id: 77, name: "t")
            #expect(compact(forwarded) == expected.written(), "\(written)")
            _ = try Message(forwarded)
        }
    }

    @Test("of an answer (5,000 random ones)")
    func answers() throws {
        var random = Seeded(11)
        let ours = [#""io.satgate/cost""#, #""io.satgate\/b""#, #""io.modelcontextprotocol/serverInfo""#]
        for _ in 0..<5000 {
            var result = Tree.members(&random, depth: 3)
            if random.happens(2, outOf: 3) { result.append((#""_meta""#, meta(&random, alsoOurs: ours))) }
            let tree = Tree.object(
                [
                    (#""jsonrpc""#, .token(#""2.0""#)), (#""id""#, .token("77")), (#""result""#, Tree.object(result).shuffled(&random)),
                ] + Tree.members(&random, depth: 1)
            ).shuffled(&random)
            let id = try #require(RequestID(raw: bytes(random.pick(["1", #""a\u0062""#]))))
            let expected = tree.setting("id", to: .token("\(id)")).changing("result") {
                $0.changing("_meta") { $0.removing { ours.contains($0) } }
            }
            let written = tree.written(spacedBy: &random)
            #expect(compact(try answer(written).addressed(to: id)) == expected.written(), "\(written)")
        }
    }

    @Test("and where nothing has to go the text is the same but for the id, white space and all (5,000 random ones)")
    func byteForByte() throws {
        var random = Seeded(13)
        for _ in 0..<5000 {
            let tree = Tree.object(
                [
                    (#""jsonrpc""#, .token(#""2.0""#)), (#""id""#, .token("987654321")), (#""method""#, .token(#""tools/call""#)),
                    (#""params""#, .object([(#""name""#, .token(#""t""#)), (#""arguments""#, .object(Tree.members(&random, depth: 3)))])),
                ]
            ).shuffled(&random)
            let written = tree.written(spacedBy: &random)
            #expect(
                text(try toolCall(written).forwarded(id: 42, name: "t")) == written.replacing("987654321", with: "42", maxReplacements: 1))
        }
    }
}
