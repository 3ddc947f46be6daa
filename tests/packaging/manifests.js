// SPDX-License-Identifier: ISC
// manifests.js MODELS: checks the JSON documents on standard input, one a line, against the schemas of kubernetes-models, in MODELS. The
// schemas allow members that they do not know, which Kubernetes drops; such a member is one that the check has never looked at.
const models = process.argv[2] + '/kubernetes-models/';
let failed = false;

function fail(document, text) {
	console.log(document.kind + ' ' + document.metadata.name + ': ' + text);
	failed = true;
}

// The value, which notes in `unread` the path of each member that is still to be looked at.
function watched(value, path, unread) {
	if (value === null || typeof value !== 'object')
		return value;
	const members = Array.isArray(value) ? [] : {};
	for (const key of Object.keys(value)) {
		members[key] = watched(value[key], path + '/' + key, unread);
		if (!Array.isArray(value))
			unread.add(path + '/' + key);
	}
	return new Proxy(members, {
		get(target, key) {
			unread.delete(path + '/' + String(key));
			return target[key];
		},
	});
}

for (const line of require('fs').readFileSync(0, 'utf8').split('\n').filter(Boolean)) {
	const document = JSON.parse(line);
	const unread = new Set();
	const Model = require(models + document.apiVersion)[document.kind];
	try {
		Model.prototype.validate.call(watched(document, '', unread));
	} catch (error) {
		fail(document, error.message);
	}
	for (const path of unread)
		fail(document, 'no such member: ' + path);
}
process.exit(failed ? 1 : 0);
