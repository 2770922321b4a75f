//! Applications that published flaws were found in, used as they are meant to be.

use crate::good::PERSON;
use crate::grammar::Kind;

pub fn kinds() -> Vec<Kind> {
    let users =
        |name, held, moves| Kind { name, held, moves, clients: 3, pace: (200, 8_000), length: (80, 160), ..PERSON };
    vec![
        users("issue tracker and wiki", false, TRACKER),
        users("forge and build server", true, FORGE),
        users("dashboards and search", false, DASHBOARDS),
        users("office server", true, OFFICE_SERVER),
        users("database and server consoles", false, CONSOLES),
        users("content systems", true, CONTENT),
    ]
}

const TRACKER: &str = "GET /secure/Dashboard.jspa 200+
GET /secure/ViewUserHover.jspa?username={@} 200 https://shop.example/secure/Dashboard.jspa
GET /secure/QueryComponent!Default.jspa?decorator=none&_={#} 200 https://shop.example/issues/
GET /rest/api/latest/groupuserpicker?query={@}&maxResults=5 200 https://shop.example/browse/AB-{#}
GET /rest/api/2/issue/AB-{#} 200 https://shop.example/browse/AB-{#}
POST /rest/issueNav/1/issueTable 200 https://shop.example/issues/
GET /plugins/servlet/gadgets/makeRequest?container=atlassian&bypassSpecCache=false&url=https%3A%2F%2Fshop.example%2Frest%2Fgadget%2F1.0%2F{#} 200 https://shop.example/secure/Dashboard.jspa
GET /pages/viewpage.action?pageId={#} 200+ https://shop.example/
POST /rest/tinymce/1/macro/preview 200 https://shop.example/pages/editpage.action?pageId={#}
GET /s/{x}/8{#}/1/_/download/batch/com.atlassian.plugins/{@}.js 200 https://shop.example/
GET /rest/mywork/latest/status/notification/count?_={#} 200 https://shop.example/
GET /rest/webResources/1.0/resources 401 https://shop.example/";
const FORGE: &str = "GET /team/{@}/-/blob/main/src/{@}.php 200+ https://shop.example/team/{@}
GET /team/{@}/-/merge_requests/{#} 200+ https://shop.example/
GET /api/v4/projects/{#}/repository/branches 200 https://shop.example/team/{@}
GET /api/v4/users?search={@} 200 https://shop.example/team/{@}
POST /api/graphql 200 https://shop.example/team/{@}
GET /uploads/-/system/user/avatar/{#}/avatar.png 200 https://shop.example/
GET /job/{@}/lastBuild/console 200+ https://shop.example/job/{@}/
GET /job/{@}/descriptorByName/hudson.model.FreeStyleProject/checkDisplayName?value={@} 200 https://shop.example/job/{@}/configure
GET /job/{@}/{#}/logText/progressiveText?start={#} 200 https://shop.example/job/{@}/
POST /service/extdirect 200 https://shop.example/
GET /service/rest/v1/components?repository={@} 200
GET /team/{@}/actions/runs/{#} 404 https://shop.example/team/{@}";
const DASHBOARDS: &str = "GET /d/{x}/{@}?orgId=1 200+ https://shop.example/
POST /api/ds/query?ds_type=prometheus&requestId=Q{#} 200 https://shop.example/d/{x}/{@}
GET /api/datasources/proxy/1/api/v1/query_range?query=sum(rate(http_requests_total%5B5m%5D))&start={#} 200 https://shop.example/d/{x}/{@}
GET /public/plugins/{@}/img/{@}.svg 200 https://shop.example/d/{x}
GET /api/annotations?from={#}&to={#}&limit=100 200 https://shop.example/d/{x}
GET /app/kibana 200+ https://shop.example/
POST /api/console/api_server 200 https://shop.example/app/dev_tools
GET /_cat/indices 200
GET /api/session/properties 200 https://shop.example/
GET /zabbix.php?action=dashboard.view&dashboardid=1 200+ https://shop.example/zabbix/
POST /jsrpc.php?output=json-rpc 200 https://shop.example/zabbix/
GET /api/snapshots/{x} 404 https://shop.example/d/{x}";
const OFFICE_SERVER: &str = "GET /owa/auth/logon.aspx?replaceCurrent=1&url=https%3a%2f%2fshop.example%2fowa%2f 200+
POST /owa/auth.owa 302 https://shop.example/owa/auth/logon.aspx
POST /owa/service.svc?action=FindItem&EP=1&ID=-{#}&AC=1 200 https://shop.example/owa/
GET /owa/?ae=Folder&t=IPF.Note 200 https://shop.example/owa/
POST /ecp/DDI/DDIService.svc/GetList?schema=InboxRule 200 https://shop.example/ecp/
POST /autodiscover/autodiscover.xml 401
GET /autodiscover/autodiscover.json?Email=anna%40shop.example&Protocol=ActiveSync&RedirectCount=1 200
POST /_vti_bin/client.svc/ProcessQuery 200 https://shop.example/sites/{@}
GET /_api/web/lists/getbytitle('{@}')/items 200 https://shop.example/sites/{@}
GET /_api/web/siteusers 200 https://shop.example/sites/{@}
GET /_layouts/15/start.aspx 200+ https://shop.example/sites/{@}
POST /Microsoft-Server-ActiveSync?Cmd=Sync&User=anna&DeviceId={x}&DeviceType=iPhone 200";
const CONSOLES: &str = "GET /phpmyadmin/index.php?route=/sql&db=shop&table={@} 200+ https://shop.example/phpmyadmin/
POST /phpmyadmin/index.php?route=/table/sql 200 https://shop.example/phpmyadmin/
GET /manager/html 200+ https://shop.example/
POST /manager/html/reload?path=/{@}&org.apache.catalina.filters.CSRF_NONCE={x} 200 https://shop.example/manager/html
GET /solr/{@}/select?q=name:{@}&wt=json 200 https://shop.example/solr/
GET /druid/index.html 200 https://shop.example/
GET /druid/sql.html 200 https://shop.example/druid/index.html
GET /nacos/v1/cs/configs?dataId={@}&group=DEFAULT 200
GET /actuator/health 200
GET /console/login/LoginForm.jsp 200+
GET /webmin/ 200+ https://shop.example/";
const CONTENT: &str = "GET /index.php?option=com_content&view=article&id={#} 200+ https://shop.example/
GET /administrator/index.php?option=com_users&view=users&filter[search]={@} 200+ https://shop.example/administrator/
GET /node/{#}/edit?destination=/admin/content 200+ https://shop.example/admin/content
POST /views/ajax?_wrapper_format=drupal_ajax 200 https://shop.example/admin/content
GET /index.php?route=product/product&product_id={#}&search=o%27neil 200+ https://shop.example/
POST /api/jsonws/invoke 200 https://shop.example/web/guest/home
GET /umbraco/backoffice/UmbracoApi/Content/GetById?id={#} 200 https://shop.example/umbraco
GET /wp-json/wp/v2/posts?search=it%27s&per_page=10 200 https://shop.example/
GET /wp-json/woocommerce-analytics/settings 200 https://shop.example/wp-admin/
GET /modules/blockcart/ajax.php?action=get&id_product={#} 200 https://shop.example/
GET /typo3/index.php?route=%2Fmodule%2Fweb%2Flayout&token={x} 200+ https://shop.example/typo3/";
