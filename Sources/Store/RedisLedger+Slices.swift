package import Governance
import Redis

extension RedisLedger: Slices {
    package func take(_ order: SliceOrder) async throws(StoreError) -> SliceGrant {
        guard let elements = try await redis.run(takeCommand(for: order)).elements, elements.count == 2, let verdict = elements[0].text,
            let amount = elements[1].number.flatMap({ Credits(micros: $0) })
        else { throw .corrupt("slice_take") }
        switch verdict {
        case "taken": return .taken(amount)
        case "near": return .near
        default: return .refused
        }
    }

    private func takeCommand(for order: SliceOrder) -> ScriptCommand {
        let keys = tenants.keys(of: order.tenant)
        var command = ScriptCommand(scripts.sliceTake, keys: 5 + order.accounts.count, arguments: 9 + 5 * order.accounts.count)
        command.key(keys.holdBase, order.id)
        command.keys(keys.ending)
        for account in order.accounts { command.key(keys.accountBase, account.name.text) }
        command.argument(order.id)
        command.argument(order.wanted.micros)
        command.argument(order.least.micros)
        command.argument(max(1, order.share))
        command.argument(order.lease)
        command.argument(keys.events)
        command.argument(EventFragments.who(session: nil, token: nil, tenant: order.tenant, node: order.node))
        command.argument("\"slice\":true")
        command.argument(names(of: order.accounts))
        for account in order.accounts {
            let seen = known.version(of: account.name, tenant: order.tenant)
            command.argument(account.expires ?? 0)
            command.argument(account.window?.first ?? 0)
            command.argument(account.window?.second ?? 0)
            command.argument(seen?.epoch ?? "")
            command.argument(seen?.version ?? 0)
        }
        return command
    }

    /// As many go in one script.
    private static let mostEndings = 128

    package func settle(_ endings: [SliceEnding], of tenant: TenantName) async throws(StoreError) -> [Receipt] {
        var receipts: [Receipt] = []
        for start in stride(from: 0, to: endings.count, by: Self.mostEndings) {
            receipts += try await run(SliceBatch(endings[start..<min(start + Self.mostEndings, endings.count)]), of: tenant)
        }
        return receipts
    }

    /// What cannot be read of one slice is no reason to end no call of the others.
    private func run(_ batch: SliceBatch, of tenant: TenantName) async throws(StoreError) -> [Receipt] {
        let reply: RedisReply
        do throws(StoreError) { reply = try await redis.run(settleCommand(for: batch, of: tenant)) } catch {
            guard case .corrupt = error, batch.endings.count > 1 else { throw error }
            var receipts: [Receipt] = []
            for ending in batch.endings { receipts.append(try await alone(ending, of: tenant)) }
            return receipts
        }
        guard let elements = reply.elements, elements.count == 2, let receipts = elements[1].bytes.flatMap({ batch.receipts(in: $0) })
        else {
            throw .corrupt("slice_settle")
        }
        let now = redis.now()
        known.learn(elements[0].bytes ?? [], of: batch.accounts, tenant: tenant, at: now)
        for (ending, receipt) in zip(batch.endings, receipts) where receipt.state == .settled {
            known.learn(ending.id, of: ending.slice, settledIn: ending.accounts, tenant: tenant, at: now)
        }
        return receipts
    }

    private func alone(_ ending: SliceEnding, of tenant: TenantName) async throws(StoreError) -> Receipt {
        do throws(StoreError) {
            return try await run(SliceBatch([ending]), of: tenant).first ?? Receipt(state: .unknown, charged: .zero, remaining: nil)
        } catch {
            guard case .corrupt = error else { throw error }
            return Receipt(state: .unknown, charged: .zero, remaining: nil)
        }
    }

    private func settleCommand(for batch: SliceBatch, of tenant: TenantName) -> ScriptCommand {
        let keys = tenants.keys(of: tenant)
        let (accounts, parts, endings) = (batch.accounts, batch.parts, batch.endings)
        var command = ScriptCommand(
            scripts.sliceSettle, keys: 4 + accounts.count + parts.count,
            arguments: 3 + 3 * accounts.count + parts.reduce(0) { $0 + 3 + 2 * $1.places.count + 6 * $1.runs.count })
        command.keys(keys.ending)
        for account in accounts { command.key(keys.accountBase, account.name.text) }
        for part in parts { command.key(keys.holdBase, part.slice) }
        command.argument(keys.events)
        command.argument(remembered)
        command.argument(Int64(accounts.count))
        for account in accounts {
            command.argument(account.name.text)
            command.argument(account.window?.first ?? 0)
            command.argument(account.window?.second ?? 0)
        }
        for part in parts {
            command.argument(part.slice)
            command.argument(names(of: part.accounts))
            command.argument(Int64(part.places.count))
            for place in part.places { command.argument(endings[place].id) }
        }
        for part in parts { add(part, of: endings, tenant, to: &command) }
        return command
    }

    /// Of endings that are alike what they have in common, how many they are, and their durations.
    private func add(_ part: SliceBatch.Part, of endings: [SliceEnding], _ tenant: TenantName, to command: inout ScriptCommand) {
        var start = 0
        for run in part.runs {
            let alike = part.places[start..<start + run]
            if let first = alike.first { add(endings[first], of: tenant, to: &command) }
            command.argument(Int64(run))
            for place in alike { command.argument(endings[place].duration) }
            start += run
        }
    }

    /// What was reserved, cost, outcome, who and what.
    private func add(_ ending: SliceEnding, of tenant: TenantName, to command: inout ScriptCommand) {
        switch ending {
        case .call(let hold, let cost, let outcome):
            let context = hold.charge.context
            command.argument(hold.charge.amount.micros)
            command.argument(cost.micros)
            command.argument(outcome.kind.rawValue)
            command.argument(who: context, of: tenant)
            command.argument(what: context)
        case .rest(_, _, let amount, _):
            command.argument(amount.micros)
            command.argument(0)
            command.argument("")
            command.argument(EventFragments.who(session: nil, token: nil, tenant: tenant, node: node))
            command.argument("")
        }
    }
}

// MARK: What becomes of a slice otherwise

extension RedisLedger {
    package func detach(_ hold: Hold, lease: Int64) async throws(StoreError) -> HoldState {
        let charge = hold.charge
        guard let slice = hold.slice else { return .open }
        let keys = tenants.keys(of: charge.tenant)
        var command = ScriptCommand(scripts.sliceDetach, keys: 3, arguments: 8)
        command.key(keys.holdBase, slice.text)
        command.key(keys.holds)
        command.key(keys.holdBase, charge.call.text)
        command.argument(slice.text)
        command.argument(charge.call.text)
        command.argument(charge.amount.micros)
        command.argument(names(of: charge.charged))
        command.argument(lease)
        command.argument(remembered)
        let context = charge.context
        command.argument(EventFragments.who(session: context.session, token: context.token, tenant: charge.tenant, node: context.node))
        command.argument(EventFragments.what(context))
        return try HoldState(try await redis.run(command))
    }

    package func recall(_ account: AccountName, of tenant: TenantName) async throws(StoreError) {
        _ = try await redis.command(["PUBLISH", .text(control), .text(ControlMessage.slicesRecalled(tenant, account).text)])
    }
}
