// Uses the catalog as a Node program does. Arguments: command address, query address, a word that no product holds yet, the catalog's protos, Google's protos.
'use strict';
const assert = require('node:assert');
const fs = require('node:fs');
const path = require('node:path');
const grpc = require('@grpc/grpc-js');
const loader = require('@grpc/proto-loader');
const protobuf = require('protobufjs');

const [commandAddress, queryAddress, word, protos, commonProtos] = process.argv.slice(2);
const files = fs.readdirSync(path.join(protos, 'catalog/v1')).map((file) => `catalog/v1/${file}`);
const options = { includeDirs: [protos, commonProtos], longs: String, enums: String, defaults: true, oneofs: true };
const { catalog } = grpc.loadPackageDefinition(loader.loadSync(files, options));
const insecure = grpc.credentials.createInsecure();
const commands = new catalog.v1.ProductCommandService(commandAddress, insecure);
const queries = new catalog.v1.ProductQueryService(queryAddress, insecure);

const call = (client, method, request) => new Promise((resolve, reject) => {
  client[method](request, { deadline: Date.now() + 30000 }, (error, answer) => (error ? reject(error) : resolve(answer)));
});

const errors = new protobuf.Root();
errors.resolvePath = (_, file) => [protos, commonProtos].map((folder) => path.join(folder, file)).find(fs.existsSync) ?? file;
errors.loadSync(['google/rpc/status.proto', 'google/rpc/error_details.proto']);

// The details of an error are a google.rpc.Status in a trailer.
function detailsOf(error) {
  const status = errors.lookupType('google.rpc.Status').decode(error.metadata.get('grpc-status-details-bin')[0]);
  return Object.fromEntries(status.details.map((any) => {
    const name = any.typeUrl ?? any.type_url;
    return [name.split('.').pop(), errors.lookupType(name.split('/').pop()).decode(any.value)];
  }));
}

async function main() {
  const name = `products/${word}`;
  const watch = queries.watchProducts({}, { deadline: Date.now() + 30000 });
  const seen = [];
  const watching = new Promise((resolve, reject) => {
    watch.on('data', (message) => {
      if (message.events.length === 0 && seen.length === 0) resolve();
      seen.push(...message.events.filter((event) => event.name === name));
    });
    watch.on('error', (error) => (error.code === grpc.status.CANCELLED ? undefined : reject(error)));
  });
  await watching;

  const created = await call(commands, 'createProduct', {
    productId: word, requestId: word,
    product: { sku: word, title: `A lamp from Node, ${word}`, brand: word, price: { currencyCode: 'EUR', units: '12', nanos: 500000000 } },
  });
  assert.strictEqual(created.version, '1');

  const got = await call(queries, 'getProduct', { name, consistencyTokens: [created.consistencyToken] });
  assert.deepStrictEqual([got.title, got.price.units, got.state], [`A lamp from Node, ${word}`, '12', 'STATE_DRAFT']);

  const activated = await call(commands, 'activateProduct', { name, etag: created.etag });
  const found = await call(queries, 'searchProducts', {
    query: word, filter: 'state = ACTIVE', facets: ['brand'], consistencyTokens: [activated.consistencyToken],
  });
  assert.deepStrictEqual([found.totalSize, found.results[0].product.name, found.facets[0].values[0].value], ['1', name, word]);

  const error = await call(commands, 'adjustStock', { name, delta: -1, reason: 'sold' }).then(() => assert.fail('was accepted'), (e) => e);
  assert.strictEqual(error.code, grpc.status.FAILED_PRECONDITION);
  const details = detailsOf(error);
  assert.strictEqual(details.ErrorInfo.reason, 'INSUFFICIENT_STOCK');
  assert.strictEqual(details.PreconditionFailure.violations[0].subject, name);

  const invalid = await call(commands, 'createProduct', { product: { sku: '!' } }).then(() => assert.fail('was accepted'), (e) => e);
  assert.deepStrictEqual(detailsOf(invalid).BadRequest.fieldViolations.map((v) => v.field), ['product.sku', 'product.title']);

  while (seen.length < 2) await new Promise((resolve) => watch.once('data', resolve));
  assert.deepStrictEqual(seen.map((event) => event.change), ['created', 'activated']);
  watch.cancel();
  commands.close();
  queries.close();
  console.log('all well');
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
