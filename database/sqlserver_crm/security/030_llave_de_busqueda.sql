/*
  PromptCRM: the key of the look-up hashes, stored encrypted. Run once, after 020.

  sqlcmd variable: CRM_HASH_KEY, 64 hexadecimal digits. It must be the key that the hashes of existing rows were made
  with (for seeded data, the key of the seeding), and can only be changed together with every hash.

  documento_hash, correo_hash and telefono_hash are HMAC-SHA256 (RFC 2104). SQL Server has no HMAC, so the key is kept
  as the two blocks that its rounds begin with: seguridad.fn_hmac is then two calls of HASHBYTES, and equals what any
  HMAC library computes. A plain HASHBYTES of the value could be reversed by trying all documents; one salted row by row
  could not be searched. What is given up: equal values have equal hashes, so duplicates show, and whoever gets both
  this key and the hashes can try values. Hence the key is encrypted by the AES key, in a schema where nobody has
  SELECT.
*/
SET ANSI_NULLS ON;
SET QUOTED_IDENTIFIER ON;
GO

SET NOCOUNT, XACT_ABORT ON;
DECLARE @clave varbinary(64) = CONVERT(varbinary(64), '$(CRM_HASH_KEY)', 2);
DECLARE @interior varbinary(64) = 0x;
DECLARE @exterior varbinary(64) = 0x;
DECLARE @llave uniqueidentifier;
DECLARE @abierta_aqui bit;
DECLARE @octeto tinyint;
DECLARE @posicion int = 1;

IF DATALENGTH(@clave) <> 32
    THROW 50210, N'CRM_HASH_KEY takes 64 hexadecimal digits.', 1;
IF EXISTS (SELECT 1 FROM seguridad.bloques_hash)
    THROW 50210, N'The look-up key is installed already.', 1;

-- 54 is 0x36, 92 is 0x5C. A key shorter than the block is filled up with zeros: a byte beyond it reads as empty, which
-- converts to 0.
WHILE @posicion <= 64
BEGIN
    SET @octeto = CONVERT(tinyint, SUBSTRING(@clave, @posicion, 1));
    SET @interior = @interior + CONVERT(binary(1), @octeto ^ 54);
    SET @exterior = @exterior + CONVERT(binary(1), @octeto ^ 92);
    SET @posicion = @posicion + 1;
END;

EXECUTE seguridad.usp_abrir_llave @llave OUTPUT, @abierta_aqui OUTPUT;
INSERT INTO seguridad.bloques_hash (id, interior_cifrado, exterior_cifrado)
VALUES (
    1,
    ENCRYPTBYKEY(@llave, @interior, 1, N'bloques_hash.interior'),
    ENCRYPTBYKEY(@llave, @exterior, 1, N'bloques_hash.exterior')
);
IF @abierta_aqui = 1
    EXECUTE seguridad.usp_cerrar_llave;
GO
