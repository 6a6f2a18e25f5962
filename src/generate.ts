import { mkdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Plugin } from '@oclif/core';
import { openApiDocument } from './lib/api/openapi.ts';
import { apiPage } from './lib/reference/api-page.ts';
import { channelsPage } from './lib/reference/channels-page.ts';
import { commandPages } from './lib/reference/command-pages.ts';
import { conditionsPage } from './lib/reference/conditions-page.ts';
import { errorsPage } from './lib/reference/errors-page.ts';
import { indexPage } from './lib/reference/index-page.ts';
import { settingsPage } from './lib/reference/settings-page.ts';

/**
 * Everything in the repository that is derived from the code, by path. `root` holds package.json and the built dist/, because
 * the manifest is read from the command classes.
 */
export async function generateAll(root: string): Promise<Map<string, string>> {
  const plugin = new Plugin({ root, type: 'core', ignoreManifest: true, errorOnManifestCreate: true, respectNoCacheDefault: true });
  await plugin.load();
  const { manifest } = plugin;
  const commands = Object.fromEntries(Object.entries(manifest.commands).sort(([one], [other]) => (one < other ? -1 : 1)));
  const files = new Map<string, string>();
  files.set('oclif.manifest.json', `${JSON.stringify({ commands, version: manifest.version }, null, 2)}\n`);
  for (const [name, page] of commandPages(commands)) files.set(`docs/reference/commands/${name}`, page);
  files.set('docs/reference/settings.md', settingsPage());
  files.set('docs/reference/errors.md', errorsPage());
  files.set('docs/reference/channels.md', channelsPage());
  files.set('docs/reference/conditions.md', conditionsPage());
  const api = await openApiDocument(manifest.version);
  files.set('docs/reference/openapi.json', `${JSON.stringify(api, null, 2)}\n`);
  files.set('docs/reference/api.md', apiPage(api));
  files.set('docs/reference/README.md', indexPage());
  return files;
}

/** Writes them below `target`, and removes pages of commands that are gone. */
export async function writeGenerated(root: string, target: string): Promise<void> {
  const files = await generateAll(root);
  await rm(join(target, 'docs/reference/commands'), { recursive: true, force: true });
  for (const [path, text] of files) {
    await mkdir(dirname(join(target, path)), { recursive: true });
    await writeFile(join(target, path), text);
  }
}
