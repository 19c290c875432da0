// The function that is measured: deployed to Evenkeel as it stands, and run by `server.cjs` behind the other proxies.
const body = JSON.stringify({ message: "x".repeat(1010) });

module.exports = (_request, response) => {
  response.setHeader("content-type", "application/json");
  response.end(body);
};
