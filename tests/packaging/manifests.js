// SPDX-License-Identifier: ISC
// manifests.js MODELS: checks the JSON documents on standard input, one a line, against the schemas of kubernetes-models, in MODELS.
const models = process.argv[2] + '/kubernetes-models/';
let failed = false;
for (const line of require('fs').readFileSync(0, 'utf8').split('\n').filter(Boolean)) {
	const document = JSON.parse(line);
	const Model = require(models + document.apiVersion)[document.kind];
	try {
		new Model(document).validate();
	} catch (error) {
		console.log(document.kind + ' ' + document.metadata.name + ': ' + error.message);
		failed = true;
	}
}
process.exit(failed ? 1 : 0);
