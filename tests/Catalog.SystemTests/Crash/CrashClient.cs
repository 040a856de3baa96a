using System.Diagnostics;
using Catalog.V1;
using Google.Protobuf;
using Grpc.Core;

namespace Catalog.SystemTests.Crash;

/// <summary>
/// A client that sends whatever a client can send, as fast as it is answered, until the process is gone. Each change says which command made it: titles and reasons
/// are request ids, prices are serial numbers.
/// </summary>
/// <param name="journal">Where it notes what it sends.</param>
/// <param name="catalogs">Where it sends: at random to each, and the same command to several at once.</param>
/// <param name="names">The products that it is about.</param>
/// <param name="random">Its chances.</param>
/// <param name="round">The round.</param>
/// <param name="number">Which client of the round it is.</param>
/// <param name="isKilled">Whether calls may be left unanswered now.</param>
/// <param name="isOver">Whether the round is over.</param>
/// <param name="pause">How long it rests after each answer; not at all if it is left out.</param>
internal sealed class CrashClient(
    CommandJournal journal, IReadOnlyList<ICatalogUnderTest> catalogs, string[] names, Random random, int round, int number, Func<bool> isKilled, Func<bool>? isOver = null, TimeSpan pause = default)
{
    private int _imported;

    public async Task RunAsync()
    {
        while (isOver?.Invoke() != true)
        {
            if (await StepAsync())
            {
                if (pause > TimeSpan.Zero) await Task.Delay(pause);
                continue;
            }
            // One that was cut off goes on where the catalog does.
            if (isOver is null) break;
            await Task.Delay(20);
        }
    }

    /// <summary>Sends an unanswered command again, twice at once; at random to the one or the other, where there is another.</summary>
    public static async Task RepeatAsync(CommandJournal journal, ICatalogUnderTest catalog, SentCommand sent, ICatalogUnderTest? other = null)
    {
        var clock = Stopwatch.StartNew();
        // A channel that was refused takes a while until it connects again, and refuses by itself until then.
        var client = new CrashClient(journal, [catalog, other ?? catalog], [], Random.Shared, 0, 0, () => clock.Elapsed < Eventually.Patience);
        await Task.WhenAll(UntilAnsweredAsync(), UntilAnsweredAsync());
        sent.Settled();

        async Task UntilAnsweredAsync()
        {
            while (!await client.SendAsync(sent)) await Task.Delay(20);
        }
    }

    /// <summary>Makes a product that no other command is about, and that must be answered.</summary>
    public static async Task<CommandReceipt> CreateAsync(CommandJournal journal, ICatalogUnderTest catalog, string id)
    {
        var sent = journal.Note(id, new CreateProductRequest
        {
            ProductId = id, Product = new Product { Sku = id.ToUpperInvariant(), Title = id, Brand = "crash" }, RequestId = id,
        });
        var receipt = (await catalog.CallAsync(Via.Grpc, sent.Request)).Receipt();
        journal.Acknowledged(sent, receipt);
        return receipt;
    }

    /// <summary>Runs an import; rows that are answered are noted.</summary>
    public static async Task ImportAsync(ICatalogUnderTest catalog, IEnumerable<SentRow[]> messages)
    {
        var rows = messages.SelectMany(m => m).ToList();
        using var import = catalog.Writes().ImportProducts();
        var answered = 0;
        var reading = Task.Run(async () =>
        {
            await foreach (var answer in import.ResponseStream.ReadAllAsync())
                foreach (var result in answer.Results) rows[answered++].Result = result;
        });
        foreach (var message in messages) await import.RequestStream.WriteAsync(new ImportProductsRequest { Rows = { message.Select(m => m.Row) } });
        await import.RequestStream.CompleteAsync();
        await reading;
    }

    private async Task<bool> StepAsync()
    {
        try
        {
            switch (random.Next(20))
            {
                case < 2:
                    return await BatchAsync();
                case 2:
                    await ImportAsync(catalogs[random.Next(catalogs.Count)], [.. Enumerable.Range(0, 3).Select(_ => Rows(random.Next(1, 30)))]);
                    return true;
                case < 6:
                    // The impatient kind, who does not wait for the answer to the first attempt.
                    var command = Any();
                    return (await Task.WhenAll(SendAsync(command), SendAsync(command), SendAsync(command))).All(answered => answered);
                default:
                    return await SendAsync(Any());
            }
        }
        catch (Exception e) when (isKilled() && e is RpcException { StatusCode: StatusCode.Unavailable or StatusCode.Internal or StatusCode.Cancelled or StatusCode.Unknown or StatusCode.DeadlineExceeded } or InvalidOperationException or IOException)
        {
            return false;
        }
    }

    private async Task<bool> SendAsync(SentCommand sent)
    {
        var answer = await catalogs[random.Next(catalogs.Count)].CallAsync(Via.Grpc, sent.Request);
        if (answer.Message is CommandReceipt receipt) journal.Acknowledged(sent, receipt);
        else if (!IsUnknown(answer.Error!)) sent.Refused(answer.Error!);
        else
        {
            sent.Unanswered();
            Assert.True(isKilled(), $"{sent.Request} was answered {answer.Error}");
            return false;
        }
        return true;
    }

    private async Task<bool> BatchAsync()
    {
        var commands = Enumerable.Range(0, random.Next(2, 30)).Select(_ => Any()).ToList();
        var answer = await catalogs[random.Next(catalogs.Count)].CallAsync(Via.Grpc, new BatchWriteProductsRequest { Commands = { commands.Select(c => Wrap(c.Request)) } });
        if (answer.Message is not BatchWriteProductsResponse response)
        {
            commands.ForEach(c => c.Unanswered());
            Assert.True(isKilled(), $"a batch was answered {answer.Error}");
            return false;
        }
        foreach (var (sent, result) in commands.Zip(response.Results))
        {
            if (result.Receipt is not null) journal.Acknowledged(sent, result.Receipt);
            else if (isKilled() && IsUnknown(result.Error)) sent.Unanswered();
            else sent.Refused(result.Error);
        }
        return true;
    }

    /// <summary>Whether an error leaves open what became of the command: CANCELLED, UNKNOWN, DEADLINE_EXCEEDED, INTERNAL and UNAVAILABLE do.</summary>
    private static bool IsUnknown(Google.Rpc.Status error) => error.Code is 1 or 2 or 4 or 13 or 14;

    private SentCommand Any()
    {
        var serial = journal.Next();
        var id = $"r{round}-c{number}-{serial}";
        var name = names[random.Next(names.Length)];
        var etag = random.Next(3) == 0 && journal.Etags.TryGetValue(name, out var known) ? known : "";
        return journal.Note(id, random.Next(100) switch
        {
            // Ids and SKUs that others want too.
            < 12 => new CreateProductRequest { ProductId = $"r{round}-{random.Next(60)}", Product = new Product { Sku = $"SKU-{round}-{random.Next(40)}", Title = id, Brand = "crash" }, RequestId = id },
            < 30 => new UpdateProductRequest { Product = new Product { Name = name, Title = id, Etag = etag }, RequestId = id },
            < 50 => new ChangePriceRequest { Name = name, Price = TestProducts.Usd(serial), Etag = etag, RequestId = id },
            < 85 => new AdjustStockRequest { Name = name, Delta = random.Next(2) == 0 ? random.Next(1, 6) : -random.Next(1, 6), Reason = id, Etag = etag, RequestId = id },
            < 91 => new ActivateProductRequest { Name = name, Etag = etag, RequestId = id },
            < 97 => new DiscontinueProductRequest { Name = name, Etag = etag, RequestId = id },
            _ => new DeleteProductRequest { Name = name, Etag = etag, RequestId = id },
        });
    }

    // A product appears once in a round, so that a row that is repeated finds what it left.
    private SentRow[] Rows(int count) => [.. Enumerable.Range(0, count).Select(_ =>
    {
        var row = new ImportRow { ProductId = $"import-{number}-{_imported}", Sku = $"IMPORT-{number}-{_imported}", Title = $"row-{journal.Next()}", Brand = "crash" };
        _imported++;
        return journal.Rows[row.Title] = new SentRow(row);
    })];

    private static WriteCommand Wrap(IMessage request) => request switch
    {
        CreateProductRequest create => new WriteCommand { Create = create },
        UpdateProductRequest update => new WriteCommand { Update = update },
        ChangePriceRequest price => new WriteCommand { ChangePrice = price },
        AdjustStockRequest stock => new WriteCommand { AdjustStock = stock },
        ActivateProductRequest activate => new WriteCommand { Activate = activate },
        DiscontinueProductRequest discontinue => new WriteCommand { Discontinue = discontinue },
        _ => new WriteCommand { Delete = (DeleteProductRequest)request },
    };
}
