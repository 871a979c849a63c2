/*
  Makes the server a replica set of one member, unless it is one: `mongosh --nodb initiate.js`. It fails while the server
  does not answer, so whoever runs it runs it again.

  MONGO_HOST is the name that clients reach it by; MONGO_INITDB_ROOT_USERNAME and _PASSWORD are an administrator's.
*/
const { MONGO_HOST: host, MONGO_INITDB_ROOT_USERNAME: user, MONGO_INITDB_ROOT_PASSWORD: password } = process.env;
const server = new Mongo(
  `mongodb://${encodeURIComponent(user)}:${encodeURIComponent(password)}@${host}:27017/admin?directConnection=true`
);
const admin = server.getDB("admin");

try {
  admin.runCommand({ replSetGetStatus: 1 });
  print("the replica set is there");
} catch (error) {
  if (error.codeName !== "NotYetInitialized") {
    throw error;
  }
  const members = [{ _id: 0, host: `${host}:27017` }];
  admin.runCommand({ replSetInitiate: { _id: "rs0", members } });
  print("the replica set is made");
}
