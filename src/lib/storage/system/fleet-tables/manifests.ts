/** What `muster apply` manages, so that it can take away what its files do not name any more. What is deleted by others is not managed any more. */
export const MANIFEST_TABLES = `
create table managed_objects (
  project text not null references projects (id),
  kind text not null,
  name text not null,
  manifest_set text not null,
  primary key (project, kind, name)
) without rowid;
create index managed_objects_set on managed_objects (project, manifest_set, kind, name);
${trigger('device', 'devices', 'id')}
${trigger('type', 'types', 'id')}
${trigger('group', 'device_groups', 'path')}
${trigger('rule', 'rules', 'id')}
${trigger('provisioning', 'provisioning_rules', 'id')}
${trigger('channel', 'channels', 'id')}
${trigger('route', 'routes', 'id')}
create trigger managed_group_moved after update of path on device_groups when new.path <> old.path begin
  update managed_objects set name = new.path where project = old.project and kind = 'group' and name = old.path;
end;
`;

function trigger(kind: string, table: string, key: string): string {
  return `create trigger managed_${kind}_deleted after delete on ${table} begin
  delete from managed_objects where project = old.project and kind = '${kind}' and name = old.${key};
end;`;
}
