/*
  PromptCRM: the linked server PROMPTADS. Run on PromptCRM's server, in its database, by an administrator.

  sqlcmd variables:
    ADS_HOST               host,port of PromptAds' server
    ADS_LINK_PASSWORD      of promptcrm_vinculo there (010_login_en_promptads.sql)
    CRM_REPORT_LOGIN       the one login here that may use the link

  Options, each off or short unless something needs it:
    rpc, rpc out           off: the link reads, it executes nothing there
    data access            on: four-part names and OPENQUERY
    connect timeout 5 s    a server that is down is reported, not waited for (0 would mean the server's 600 s)
    query timeout 30 s     likewise for one that hangs
    collation compatible   off: the other server's collation is not ours to promise
    Encrypt=yes            in the provider string; the certificate of the other server must be one this server trusts
*/
IF EXISTS (
    SELECT 1
    FROM sys.servers
    WHERE name = N'PROMPTADS' AND is_linked = 1
)
    EXECUTE master.dbo.sp_dropserver @server = N'PROMPTADS', @droplogins = 'droplogins';
GO

EXECUTE master.dbo.sp_addlinkedserver
    @server = N'PROMPTADS',
    @srvproduct = N'',
    @provider = N'MSOLEDBSQL',
    @datasrc = N'$(ADS_HOST)',
    @provstr = N'Encrypt=yes;TrustServerCertificate=no;',
    @catalog = N'PromptAds';
GO

-- sp_addlinkedserver maps every login of this server to itself there. That mapping goes: who is not named has none, and
-- gets error 7416.
EXECUTE master.dbo.sp_droplinkedsrvlogin @rmtsrvname = N'PROMPTADS', @locallogin = NULL;
EXECUTE master.dbo.sp_addlinkedsrvlogin
    @rmtsrvname = N'PROMPTADS',
    @useself = N'False',
    @locallogin = N'$(CRM_REPORT_LOGIN)',
    @rmtuser = N'promptcrm_vinculo',
    @rmtpassword = N'$(ADS_LINK_PASSWORD)';
GO

EXECUTE master.dbo.sp_serveroption @server = N'PROMPTADS', @optname = 'rpc', @optvalue = 'false';
EXECUTE master.dbo.sp_serveroption @server = N'PROMPTADS', @optname = 'rpc out', @optvalue = 'false';
EXECUTE master.dbo.sp_serveroption @server = N'PROMPTADS', @optname = 'data access', @optvalue = 'true';
EXECUTE master.dbo.sp_serveroption @server = N'PROMPTADS', @optname = 'collation compatible', @optvalue = 'false';
EXECUTE master.dbo.sp_serveroption @server = N'PROMPTADS', @optname = 'connect timeout', @optvalue = '5';
EXECUTE master.dbo.sp_serveroption @server = N'PROMPTADS', @optname = 'query timeout', @optvalue = '30';
GO
