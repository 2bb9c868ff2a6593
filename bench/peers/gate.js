const KEY = Buffer.from('@spki@', 'base64');
const RSA = {name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256'};

async function status(header) {
  if (!header || !header.startsWith('Bearer ')) {
    return 401;
  }
  const parts = header.substring(7).split('.');
  if (parts.length !== 3 || JSON.parse(Buffer.from(parts[0], 'base64url')).alg !== 'RS256') {
    return 403;
  }
  const key = await crypto.subtle.importKey('spki', KEY, RSA, false, ['verify']);
  const signed = Buffer.from(`${parts[0]}.${parts[1]}`);
  if (!(await crypto.subtle.verify(RSA, key, Buffer.from(parts[2], 'base64url'), signed))) {
    return 403;
  }
  const claims = JSON.parse(Buffer.from(parts[1], 'base64url'));
  const valid = claims.iss === '@issuer@' && claims.client_id === '@client@' && claims.exp - Date.now() / 1000 >= 60;
  return valid ? 204 : 401;
}

// Not `await` within `try`: njs 0.7.9 crashes on it.
function verdict(r) {
  status(r.headersIn.Authorization).then((code) => r.return(code), () => r.return(403));
}

export default {verdict};
