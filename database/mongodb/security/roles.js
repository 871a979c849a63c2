/*
  PromptContent: what each login may do. Run by whoever administers the server, once and after every change here:

    mongosh "mongodb://ADMINISTRATOR@HOST/promptcontent?authSource=admin" database/mongodb/security/roles.js

  etl_reader         the five exported collections, read and watched; credenciales_cifradas is not among them.
                     listCollections tells the ETL when a collection was dropped or restored.
  promptsales_etl    the login of PROMPTSALES_MONGO_URL: etl_reader and nothing else.
  content_writer     what writes at work: copy, calls, credentials and the image index; it deletes nothing.
  promptsales_content  the login of PROMPTSALES_MONGO_CONTENT_URL: content_writer and nothing else.
  mcp_content        campaign copy alone: read, written, decided on.
  promptsales_mcp    the login of PROMPTSALES_MONGO_MCP_URL, of the MCP server content_generator: mcp_content and nothing else.
  promptsales_admin  the login of PROMPTSALES_MONGO_ADMIN_URL: owns the database, for `db init`, `seed`, `simulate`.

  Passwords come from PROMPTSALES_MONGO_ETL_PASSWORD, PROMPTSALES_MONGO_CONTENT_PASSWORD, PROMPTSALES_MONGO_MCP_PASSWORD
  and PROMPTSALES_MONGO_ADMIN_PASSWORD, and are asked for, in this order, where these are not set. A login that is there already keeps its password.
*/
const content = db.getSiblingDB("promptcontent");

const exported = ["imagenes", "servicios_terceros", "bitacora_solicitudes", "logs_campanas", "mcp_servers"];
const privileges = [
  { resource: { db: "promptcontent", collection: "" }, actions: ["listCollections"] },
  ...exported.map((collection) => ({
    resource: { db: "promptcontent", collection },
    actions: ["find", "changeStream"],
  })),
];

if (content.getRole("etl_reader")) {
  content.updateRole("etl_reader", { privileges, roles: [] });
} else {
  content.createRole({ role: "etl_reader", privileges, roles: [] });
}

if (content.getUser("promptsales_etl")) {
  content.updateUser("promptsales_etl", { roles: ["etl_reader"] });
} else {
  content.createUser({
    user: "promptsales_etl",
    pwd: process.env.PROMPTSALES_MONGO_ETL_PASSWORD || passwordPrompt(),
    roles: ["etl_reader"],
  });
}

const written = {
  imagenes: ["find", "update"],
  servicios_terceros: ["find", "update"],
  credenciales_cifradas: ["find", "insert", "update"],
  logs_campanas: ["find", "insert", "update"],
  bitacora_solicitudes: ["find", "insert"],
  mcp_servers: ["find"],
};
const writes = Object.entries(written).map(([collection, actions]) => ({
  resource: { db: "promptcontent", collection },
  actions,
}));

if (content.getRole("content_writer")) {
  content.updateRole("content_writer", { privileges: writes, roles: [] });
} else {
  content.createRole({ role: "content_writer", privileges: writes, roles: [] });
}

if (content.getUser("promptsales_content")) {
  content.updateUser("promptsales_content", { roles: ["content_writer"] });
} else {
  content.createUser({
    user: "promptsales_content",
    pwd: process.env.PROMPTSALES_MONGO_CONTENT_PASSWORD || passwordPrompt(),
    roles: ["content_writer"],
  });
}

const copy = [{ resource: { db: "promptcontent", collection: "logs_campanas" }, actions: ["find", "insert", "update"] }];

if (content.getRole("mcp_content")) {
  content.updateRole("mcp_content", { privileges: copy, roles: [] });
} else {
  content.createRole({ role: "mcp_content", privileges: copy, roles: [] });
}

if (content.getUser("promptsales_mcp")) {
  content.updateUser("promptsales_mcp", { roles: ["mcp_content"] });
} else {
  content.createUser({
    user: "promptsales_mcp",
    pwd: process.env.PROMPTSALES_MONGO_MCP_PASSWORD || passwordPrompt(),
    roles: ["mcp_content"],
  });
}

if (content.getUser("promptsales_admin")) {
  content.updateUser("promptsales_admin", { roles: ["dbOwner"] });
} else {
  content.createUser({
    user: "promptsales_admin",
    pwd: process.env.PROMPTSALES_MONGO_ADMIN_PASSWORD || passwordPrompt(),
    roles: ["dbOwner"],
  });
}
