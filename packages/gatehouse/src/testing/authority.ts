import { isIP } from "node:net";
import { generate } from "selfsigned";

/** A certificate and its private key, as PEM text. */
export interface IssuedCertificate {
  readonly certificate: string;
  readonly key: string;
}

/** A certificate authority for tests. */
export interface TestAuthority {
  /** The authority's own certificate, as PEM text: what clients trust. */
  readonly certificate: string;
  /** A server certificate for these host names and addresses. */
  issue(...hosts: readonly string[]): Promise<IssuedCertificate>;
}

/** Makes a private certificate authority. */
export async function createTestAuthority(name = "Gatehouse test authority"): Promise<TestAuthority> {
  const root = await generate([{ name: "commonName", value: name }], {
    keyType: "ec",
    algorithm: "sha256",
    extensions: [
      { name: "basicConstraints", cA: true, critical: true },
      { name: "keyUsage", keyCertSign: true, cRLSign: true, critical: true },
    ],
  });
  return {
    certificate: root.cert,
    async issue(...hosts) {
      const issued = await generate([{ name: "commonName", value: hosts[0] ?? name }], {
        keyType: "ec",
        algorithm: "sha256",
        ca: { key: root.private, cert: root.cert },
        extensions: [
          { name: "basicConstraints", cA: false },
          { name: "keyUsage", digitalSignature: true },
          { name: "extKeyUsage", serverAuth: true },
          {
            name: "subjectAltName",
            altNames: hosts.map((host) => (isIP(host) === 0 ? { type: 2, value: host } : { type: 7, ip: host })),
          },
        ],
      });
      return { certificate: issued.cert, key: issued.private };
    },
  };
}
