/*
  PromptCRM: rotation, last step: the old key and certificate leave the database, if nothing needs them any more.

  sqlcmd variables: CRM_CERT_NAME_OLD, CRM_KEY_NAME_OLD.
  Keep the old certificate's files and phrases as long as the oldest backup that was written under them.
*/
SET ANSI_NULLS ON;
SET QUOTED_IDENTIFIER ON;
GO

SET NOCOUNT, XACT_ABORT ON;
IF EXISTS (
    SELECT 1
    FROM dbo.clientes
    WHERE
        KEY_NAME(documento_cifrado) = N'$(CRM_KEY_NAME_OLD)'
        OR KEY_NAME(correo_cifrado) = N'$(CRM_KEY_NAME_OLD)'
        OR KEY_NAME(telefono_cifrado) = N'$(CRM_KEY_NAME_OLD)'
) OR EXISTS (
    SELECT 1
    FROM seguridad.bloques_hash
    WHERE N'$(CRM_KEY_NAME_OLD)' IN (KEY_NAME(interior_cifrado), KEY_NAME(exterior_cifrado))
)
    THROW 50211, N'The old key still has rows: run rotacion_2_cifrar_de_nuevo.sql to its end first.', 1;
UPDATE seguridad.llaves
SET retirada_en = SYSUTCDATETIME()
WHERE nombre_llave = N'$(CRM_KEY_NAME_OLD)' AND retirada_en IS NULL;
GO

-- noqa: disable=PRS
IF EXISTS (SELECT 1 FROM seguridad.llaves WHERE nombre_llave = N'$(CRM_KEY_NAME_OLD)' AND retirada_en IS NOT NULL)
BEGIN
    IF KEY_GUID(N'$(CRM_KEY_NAME_OLD)') IS NOT NULL
        DROP SYMMETRIC KEY [$(CRM_KEY_NAME_OLD)];
    IF CERT_ID(N'$(CRM_CERT_NAME_OLD)') IS NOT NULL
        DROP CERTIFICATE [$(CRM_CERT_NAME_OLD)];
END;
GO
-- noqa: enable=PRS
