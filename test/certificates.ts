import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

/** A certificate with its key: the content and the paths of the PEM files. */
export interface IssuedCertificate {
  cert: string;
  key: string;
  certFile: string;
  keyFile: string;
}

const NEW_KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];

/** A certificate authority for a test, made by openssl in the test's directory. */
export class TestAuthority {
  private constructor(
    private readonly directory: string,
    private readonly name: string,
    /** The authority's own certificate. */
    readonly cert: string,
  ) {}

  static async create(directory: string, name: string): Promise<TestAuthority> {
    const [cert, key] = [join(directory, `${name}.pem`), join(directory, `${name}.key`)];
    await openssl('req', ...NEW_KEY, '-x509', '-days', '2', '-subj', `/CN=${name}`, '-keyout', key, '-out', cert);
    return new TestAuthority(directory, name, await readFile(cert, 'utf8'));
  }

  get certFile(): string {
    return join(this.directory, `${this.name}.pem`);
  }

  /**
   * @param names default: localhost, 127.0.0.1 and ::1
   * @param days validity from today; negative for an expired certificate
   */
  async issue(name: string, { names = 'DNS:localhost,IP:127.0.0.1,IP:::1', days = 2 } = {}): Promise<IssuedCertificate> {
    const file = (extension: string): string => join(this.directory, `${this.name}-${name}.${extension}`);
    const [certFile, keyFile] = [file('pem'), file('key')];
    await writeFile(file('names'), `subjectAltName=${names}`);
    await openssl('req', ...NEW_KEY, '-subj', `/CN=${name}`, '-keyout', keyFile, '-out', file('csr'));
    const signing = ['-CA', this.certFile, '-CAkey', join(this.directory, `${this.name}.key`), '-CAcreateserial'];
    const terms = ['-days', String(days), '-extfile', file('names')];
    await openssl('x509', '-req', '-in', file('csr'), '-out', certFile, ...signing, ...terms);
    return { certFile, keyFile, cert: await readFile(certFile, 'utf8'), key: await readFile(keyFile, 'utf8') };
  }
}

export async function openssl(...args: string[]): Promise<void> {
  await promisify(execFile)('openssl', args);
}
