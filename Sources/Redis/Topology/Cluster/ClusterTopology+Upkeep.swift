import Logging
import NIOCore
import Synchronization

/// Keeps the map in step with the cluster.
extension ClusterTopology {
    private static let questions: [[RedisArgument]] = [["CLUSTER", "SLOTS"], ["CLUSTER", "NODES"]]
    /// How long an answer may take.
    private static let patience: TimeAmount = .seconds(1)
    /// How many servers are asked at once: one may be behind.
    private static let breadth = 3

    func run() async throws {
        state.withLock { $0.isRunning = true }
        asked.ring()
        await withTaskGroup(of: Void.self) { tasks in
            tasks.addTask { await self.askNowAndThen() }
            tasks.addTask { await self.keepMap() }
            tasks.addTask { await self.doubt() }
            tasks.addTask { await self.leave() }
            await tasks.waitForAll()
        }
        let last = state.withLock { state in
            state.isRunning = false
            return state.gone
        }
        await Self.stop(last + pools.forget(allBut: []))
    }

    private func askNowAndThen() async {
        while (try? await Task.sleep(for: .milliseconds(Int.random(in: 7_500...12_500)))) != nil { asked.ring() }
    }

    /// Asks for the map each time that it is wanted, and again while a slot's owner is out of reach: another may take over any moment.
    private func keepMap() async {
        var rounds = 0
        for await _ in asked.rings {
            take(await views())
            state.withLock { $0.lookAround(at: .now()) }
            rounds = isReady ? 0 : rounds + 1
            // In a long outage less often: at a thousand nodes each round is a load on the servers that are left.
            let pause = Int.random(in: 100...200) * (rounds > 60 ? 3 : 1)
            guard (try? await Task.sleep(for: .milliseconds(pause))) != nil else { return }
            // Until a look around finds all in reach: an outage is over then, and the next one is another.
            if !isReady || state.withLock({ $0.hasOutages }) { asked.ring() }
        }
    }

    /// What some masters say; where none answers, what any server says that was ever named.
    private func views() async -> [ClusterView] {
        let (ready, known) = state.withLock { state in
            (state.pools.filter { $0.isReady && !state.suspects.contains($0.address) }, state.known)
        }
        let views = await gather(ready.shuffled().prefix(Self.breadth)) { await self.ask($0) }
        return views.isEmpty ? await gather(Array(known.union(seeds)).shuffled().prefix(2 * Self.breadth)) { await self.ask($0) } : views
    }

    private func gather<Server: Sendable>(
        _ servers: ArraySlice<Server>, _ ask: @escaping @Sendable (Server) async -> ClusterView?
    ) async -> [ClusterView] {
        await withTaskGroup(of: ClusterView?.self) { tasks in
            for server in servers { tasks.addTask { await ask(server) } }
            return await tasks.reduce(into: []) { views, view in if let view { views.append(view) } }
        }
    }

    private func ask(_ pool: NodePool) async -> ClusterView? {
        let deadline = NIODeadline.now() + Self.patience
        do throws(RedisError) {
            let slots = try await pool.send(EncodedCommand(Self.questions[0]), deadline: deadline).value
            // The epochs may be kept from us: a map without them will do.
            let nodes = try? await pool.send(EncodedCommand(Self.questions[1]), deadline: deadline).value
            return view(slots, nodes, of: pool.address)
        } catch {
            if error.mayHaveRun { suspect(pool) }
            return nil
        }
    }

    private func ask(_ address: ServerAddress) async -> ClusterView? {
        let replies = await Inquiry.ask(address, Self.questions, by: dialer, on: loop, within: Self.patience)
        guard let replies, replies.count == 2 else { return nil }
        return view(replies[0], replies[1], of: address)
    }

    private func view(_ slots: RedisValue, _ nodes: RedisValue?, of address: ServerAddress) -> ClusterView? {
        if let view = ClusterView(slots: slots, nodes: nodes, asked: address) { return view }
        logger.debug("a server's slots are none that a cluster could have", metadata: ["server": "\(address)"])
        return nil
    }

    /// Asks those that did not answer whether they do: a server that stands still takes bytes as if it lived.
    private func doubt() async {
        for await _ in suspected.rings {
            let suspects = state.withLock { state in state.pools.filter { state.suspects.contains($0.address) } }
            await withTaskGroup(of: Void.self) { tasks in
                for pool in suspects {
                    tasks.addTask {
                        let answer = try? await pool.send(EncodedCommand(["PING"]), deadline: .now() + Self.patience)
                        if answer != nil { self.state.withLock { _ = $0.suspects.remove(pool.address) } }
                    }
                }
            }
            guard (try? await Task.sleep(for: .milliseconds(200))) != nil else { return }
            if state.withLock({ !$0.suspects.isEmpty }) { suspected.ring() }
        }
    }

    private func leave() async {
        await withDiscardingTaskGroup { tasks in
            for await _ in left.rings {
                let gone = state.withLock { state in
                    defer { state.gone = [] }
                    return state.gone
                }
                tasks.addTask { await Self.stop(gone) }
            }
        }
    }

    private static func stop(_ pools: [NodePool]) async {
        await withDiscardingTaskGroup { tasks in
            for pool in pools { tasks.addTask { await pool.stop() } }
        }
    }
}
