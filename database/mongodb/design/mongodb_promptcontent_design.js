/*
  PromptContent: collections, validators and indexes. `promptsales db design` makes this file from
  database/mongodb/schema/*.json, which `promptsales db init` applies: do not edit it. It makes the same of an empty
  database, and may be run again:

    mongosh "mongodb://promptsales_admin@HOST/promptcontent" database/mongodb/design/mongodb_promptcontent_design.js

  An index whose definition changed has to be dropped first; `promptsales db init` does that by itself.

  Each index and the query it serves:

  bitacora_solicitudes: One call to an outside service, with both whole bodies but no secret; kept 90 days
    ttl_fecha_90_dias        MongoDB's own removal of what is older than 90 days; calls of a period
    ix_servicio_fecha        The latest calls to a service
    ix_resultado_fecha       The latest failures, timeouts or refusals

  credenciales_cifradas: Credentials of outside services, enveloped for an X.509 certificate; never exported
    uq_servicio_tipo         A service's credential of one type
    ix_certificado           Rotation: what is not yet under the certificate
    ix_ultima_rotacion       Credentials whose rotation is due

  imagenes: An image of the library: its address, its words and its place in the vector index
    uq_url_imagen            Whether an address is in the library already
    uq_vector_id_pinecone    The image of a vector that the index found
    ix_hashtags              Images with a hashtag
    ix_categoria_creado_en   The newest images of a category
    ix_campanas_asociadas    Images of a campaign

  logs_campanas: Generated campaign copy; nothing is approved or published without a person's name
    ix_campana_creado_en     The latest copy of a campaign
    ix_estado_creado_en      Drafts that wait for a person; what is published
    ix_usuario_creado_en     What a user had written in a period
    ix_imagenes              Whether copy uses an image, before it is removed

  mcp_servers: The registry of MCP servers: their tools, where they run, how much they are used
    uq_nombre_servidor       The server of this name
    ix_estado                Servers that can be called

  servicios_terceros: An outside REST service: how it is called, how it is logged into, how often
    uq_nombre_servicio       Before each call: the service of this name
    ix_estado                Services that may be called, or that are degraded
*/
const collections = {
  "bitacora_solicitudes": {
    "validator": {
      "$jsonSchema": {
        "title": "One call to an outside service, with both whole bodies but no secret; kept 90 days",
        "bsonType": "object",
        "required": [
          "_id",
          "servicio_utilizado",
          "metodo",
          "request",
          "response",
          "resultado",
          "intentos",
          "tiempo_respuesta_ms",
          "tokens_consumidos",
          "fecha"
        ],
        "additionalProperties": false,
        "properties": {
          "_id": {
            "bsonType": "objectId"
          },
          "servicio_utilizado": {
            "bsonType": "string",
            "minLength": 1,
            "maxLength": 80,
            "description": "servicios_terceros.nombre_servicio"
          },
          "metodo": {
            "bsonType": "string",
            "minLength": 1,
            "description": "servicios_terceros.metodos_disponibles.nombre"
          },
          "request": {
            "bsonType": "object",
            "required": [
              "verbo",
              "ruta",
              "cuerpo"
            ],
            "additionalProperties": false,
            "properties": {
              "verbo": {
                "bsonType": "string",
                "enum": [
                  "GET",
                  "POST",
                  "PUT",
                  "PATCH",
                  "DELETE"
                ]
              },
              "ruta": {
                "bsonType": "string",
                "minLength": 1,
                "pattern": "^/"
              },
              "parametros": {
                "bsonType": "object"
              },
              "cuerpo": {
                "bsonType": [
                  "object",
                  "array",
                  "string",
                  "null"
                ]
              }
            }
          },
          "response": {
            "bsonType": "object",
            "required": [
              "codigo_http",
              "cuerpo"
            ],
            "additionalProperties": false,
            "properties": {
              "codigo_http": {
                "bsonType": [
                  "int",
                  "null"
                ],
                "minimum": 100,
                "maximum": 599
              },
              "cabeceras": {
                "bsonType": "object"
              },
              "cuerpo": {
                "bsonType": [
                  "object",
                  "array",
                  "string",
                  "null"
                ]
              },
              "error": {
                "bsonType": [
                  "string",
                  "null"
                ]
              }
            },
            "description": "codigo_http is null when no answer came"
          },
          "resultado": {
            "bsonType": "string",
            "enum": [
              "exito",
              "error",
              "tiempo_agotado",
              "limite_excedido"
            ]
          },
          "intentos": {
            "bsonType": [
              "int",
              "long"
            ],
            "minimum": 0,
            "description": "Requests sent; 0 where our own limit refused the call"
          },
          "usuario": {
            "bsonType": "string",
            "minLength": 1,
            "maxLength": 120,
            "description": "On whose behalf"
          },
          "tiempo_respuesta_ms": {
            "bsonType": [
              "int",
              "long",
              "double",
              "decimal"
            ],
            "minimum": 0
          },
          "tokens_consumidos": {
            "bsonType": [
              "int",
              "long"
            ],
            "minimum": 0
          },
          "fecha": {
            "bsonType": "date"
          }
        }
      }
    },
    "indexes": [
      {
        "keys": {
          "fecha": 1
        },
        "options": {
          "name": "ttl_fecha_90_dias",
          "expireAfterSeconds": 7776000
        }
      },
      {
        "keys": {
          "servicio_utilizado": 1,
          "fecha": -1
        },
        "options": {
          "name": "ix_servicio_fecha"
        }
      },
      {
        "keys": {
          "resultado": 1,
          "fecha": -1
        },
        "options": {
          "name": "ix_resultado_fecha"
        }
      }
    ]
  },
  "credenciales_cifradas": {
    "validator": {
      "$jsonSchema": {
        "title": "Credentials of outside services, enveloped for an X.509 certificate; never exported",
        "bsonType": "object",
        "required": [
          "_id",
          "servicio_referencia",
          "tipo_credencial",
          "valor_cifrado",
          "algoritmo",
          "certificado_id",
          "certificado_sujeto",
          "certificado_serie",
          "ultima_rotacion"
        ],
        "additionalProperties": false,
        "properties": {
          "_id": {
            "bsonType": "objectId"
          },
          "servicio_referencia": {
            "bsonType": "string",
            "minLength": 1,
            "description": "servicios_terceros.nombre_servicio"
          },
          "tipo_credencial": {
            "bsonType": "string",
            "enum": [
              "api_key",
              "oauth2_cliente",
              "oauth2_token",
              "usuario_clave",
              "certificado"
            ]
          },
          "valor_cifrado": {
            "bsonType": "binData",
            "description": "CMS EnvelopedData, DER; RFC 5652"
          },
          "algoritmo": {
            "bsonType": "string",
            "enum": [
              "X.509 CMS EnvelopedData, RSA, AES-256-CBC"
            ]
          },
          "certificado_id": {
            "bsonType": "string",
            "pattern": "^[0-9a-f]{64}$",
            "description": "SHA-256 fingerprint of the certificate whose private key opens it"
          },
          "certificado_sujeto": {
            "bsonType": "string",
            "minLength": 1
          },
          "certificado_serie": {
            "bsonType": "string",
            "pattern": "^[0-9a-f]+$"
          },
          "ultima_rotacion": {
            "bsonType": "date",
            "description": "When it was last enveloped"
          }
        }
      }
    },
    "indexes": [
      {
        "keys": {
          "servicio_referencia": 1,
          "tipo_credencial": 1
        },
        "options": {
          "name": "uq_servicio_tipo",
          "unique": true
        }
      },
      {
        "keys": {
          "certificado_id": 1
        },
        "options": {
          "name": "ix_certificado"
        }
      },
      {
        "keys": {
          "ultima_rotacion": 1
        },
        "options": {
          "name": "ix_ultima_rotacion"
        }
      }
    ]
  },
  "imagenes": {
    "validator": {
      "$jsonSchema": {
        "title": "An image of the library: its address, its words and its place in the vector index",
        "bsonType": "object",
        "required": [
          "_id",
          "url_imagen",
          "url_thumbnail",
          "descripcion",
          "hashtags",
          "categoria",
          "metadata",
          "campanas_asociadas",
          "creado_en",
          "actualizado_en"
        ],
        "additionalProperties": false,
        "properties": {
          "_id": {
            "bsonType": "objectId"
          },
          "url_imagen": {
            "bsonType": "string",
            "minLength": 1,
            "pattern": "^https?://"
          },
          "url_thumbnail": {
            "bsonType": "string",
            "minLength": 1,
            "pattern": "^https?://"
          },
          "descripcion": {
            "bsonType": "string",
            "minLength": 1,
            "maxLength": 2000
          },
          "hashtags": {
            "bsonType": "array",
            "items": {
              "bsonType": "string",
              "minLength": 1,
              "pattern": "^#[^\\s#]+$"
            },
            "minItems": 1,
            "uniqueItems": true
          },
          "categoria": {
            "bsonType": "string",
            "minLength": 1,
            "maxLength": 60
          },
          "vector_id_pinecone": {
            "bsonType": [
              "string",
              "null"
            ],
            "minLength": 1,
            "description": "Id of its vector in the index; null or absent until it is embedded"
          },
          "metadata": {
            "bsonType": "object",
            "required": [
              "tipo",
              "formato",
              "ancho",
              "alto",
              "peso_kb",
              "colores_dominantes"
            ],
            "additionalProperties": false,
            "properties": {
              "tipo": {
                "bsonType": "string",
                "enum": [
                  "fotografia",
                  "ilustracion",
                  "render",
                  "grafico"
                ]
              },
              "formato": {
                "bsonType": "string",
                "enum": [
                  "jpeg",
                  "png",
                  "webp",
                  "avif",
                  "gif",
                  "svg"
                ]
              },
              "ancho": {
                "bsonType": [
                  "int",
                  "long"
                ],
                "minimum": 1,
                "description": "Pixels"
              },
              "alto": {
                "bsonType": [
                  "int",
                  "long"
                ],
                "minimum": 1,
                "description": "Pixels"
              },
              "peso_kb": {
                "bsonType": [
                  "int",
                  "long",
                  "double",
                  "decimal"
                ],
                "minimum": 0,
                "exclusiveMinimum": true
              },
              "colores_dominantes": {
                "bsonType": "array",
                "items": {
                  "bsonType": "string",
                  "minLength": 1,
                  "pattern": "^#[0-9a-f]{6}$"
                },
                "minItems": 1,
                "maxItems": 8
              },
              "orientacion": {
                "bsonType": "string",
                "enum": [
                  "horizontal",
                  "vertical",
                  "cuadrada"
                ]
              },
              "espacio_color": {
                "bsonType": "string",
                "enum": [
                  "sRGB",
                  "Display P3",
                  "Adobe RGB"
                ]
              },
              "resolucion_dpi": {
                "bsonType": [
                  "int",
                  "long"
                ],
                "minimum": 1
              }
            }
          },
          "campanas_asociadas": {
            "bsonType": "array",
            "items": {
              "bsonType": [
                "int",
                "long"
              ],
              "minimum": 1
            },
            "uniqueItems": true,
            "description": "PromptAds campanas.id_campana"
          },
          "creado_en": {
            "bsonType": "date"
          },
          "actualizado_en": {
            "bsonType": "date"
          }
        }
      }
    },
    "indexes": [
      {
        "keys": {
          "url_imagen": 1
        },
        "options": {
          "name": "uq_url_imagen",
          "unique": true
        }
      },
      {
        "keys": {
          "vector_id_pinecone": 1
        },
        "options": {
          "name": "uq_vector_id_pinecone",
          "unique": true,
          "partialFilterExpression": {
            "vector_id_pinecone": {
              "$type": "string"
            }
          }
        }
      },
      {
        "keys": {
          "hashtags": 1
        },
        "options": {
          "name": "ix_hashtags"
        }
      },
      {
        "keys": {
          "categoria": 1,
          "creado_en": -1
        },
        "options": {
          "name": "ix_categoria_creado_en"
        }
      },
      {
        "keys": {
          "campanas_asociadas": 1
        },
        "options": {
          "name": "ix_campanas_asociadas"
        }
      }
    ]
  },
  "logs_campanas": {
    "validator": {
      "$jsonSchema": {
        "title": "Generated campaign copy; nothing is approved or published without a person's name",
        "bsonType": "object",
        "required": [
          "_id",
          "descripcion_campana",
          "publico_meta",
          "mensajes_poblacion",
          "imagenes",
          "generacion_metadata",
          "estado",
          "creado_en"
        ],
        "additionalProperties": false,
        "properties": {
          "_id": {
            "bsonType": "objectId"
          },
          "id_campana": {
            "bsonType": [
              "int",
              "long"
            ],
            "minimum": 1,
            "description": "PromptAds campanas.id_campana; absent where the copy was written before its campaign"
          },
          "id_cliente": {
            "bsonType": [
              "int",
              "long"
            ],
            "minimum": 1
          },
          "descripcion_campana": {
            "bsonType": "string",
            "minLength": 1,
            "maxLength": 4000
          },
          "publico_meta": {
            "bsonType": "array",
            "items": {
              "bsonType": "object",
              "required": [
                "nombre"
              ],
              "additionalProperties": false,
              "properties": {
                "nombre": {
                  "bsonType": "string",
                  "minLength": 1
                },
                "descripcion": {
                  "bsonType": "string",
                  "minLength": 1
                },
                "canal": {
                  "bsonType": "string",
                  "minLength": 1
                },
                "tono": {
                  "bsonType": "string",
                  "minLength": 1
                },
                "edad_minima": {
                  "bsonType": [
                    "int",
                    "long"
                  ],
                  "minimum": 0
                },
                "edad_maxima": {
                  "bsonType": [
                    "int",
                    "long"
                  ],
                  "minimum": 0
                },
                "paises": {
                  "bsonType": "array",
                  "items": {
                    "bsonType": "string",
                    "minLength": 1
                  }
                },
                "intereses": {
                  "bsonType": "array",
                  "items": {
                    "bsonType": "string",
                    "minLength": 1
                  }
                }
              }
            },
            "minItems": 1
          },
          "mensajes_poblacion": {
            "bsonType": "array",
            "items": {
              "bsonType": "object",
              "required": [
                "poblacion",
                "canal",
                "mensajes"
              ],
              "additionalProperties": false,
              "properties": {
                "poblacion": {
                  "bsonType": "string",
                  "minLength": 1,
                  "description": "publico_meta.nombre"
                },
                "canal": {
                  "bsonType": "string",
                  "minLength": 1
                },
                "mensajes": {
                  "bsonType": "array",
                  "items": {
                    "bsonType": "string",
                    "minLength": 1
                  },
                  "minItems": 3,
                  "maxItems": 3
                }
              }
            },
            "minItems": 1
          },
          "imagenes": {
            "bsonType": "array",
            "items": {
              "bsonType": "objectId"
            },
            "uniqueItems": true,
            "description": "imagenes._id"
          },
          "generacion_metadata": {
            "bsonType": "object",
            "required": [
              "modelo",
              "tokens",
              "latencia_ms",
              "plantilla"
            ],
            "additionalProperties": false,
            "properties": {
              "modelo": {
                "bsonType": "string",
                "minLength": 1,
                "description": "plantilla-determinista where no language model wrote it"
              },
              "tokens": {
                "bsonType": [
                  "int",
                  "long"
                ],
                "minimum": 0
              },
              "latencia_ms": {
                "bsonType": [
                  "int",
                  "long",
                  "double",
                  "decimal"
                ],
                "minimum": 0
              },
              "plantilla": {
                "bsonType": "string",
                "minLength": 1
              },
              "usuario": {
                "bsonType": "string",
                "minLength": 1,
                "maxLength": 120,
                "description": "Who asked for it"
              },
              "desde_cache": {
                "bsonType": "bool"
              }
            }
          },
          "estado": {
            "bsonType": "string",
            "enum": [
              "borrador",
              "aprobado",
              "publicado",
              "rechazado"
            ]
          },
          "creado_en": {
            "bsonType": "date"
          },
          "aprobado_por": {
            "bsonType": "string",
            "pattern": "\\S",
            "maxLength": 120,
            "description": "A person"
          },
          "aprobado_en": {
            "bsonType": "date"
          },
          "rechazado_por": {
            "bsonType": "string",
            "pattern": "\\S",
            "maxLength": 120,
            "description": "A person"
          },
          "rechazado_en": {
            "bsonType": "date"
          },
          "publicado_en": {
            "bsonType": "date"
          }
        },
        "anyOf": [
          {
            "properties": {
              "estado": {
                "enum": [
                  "borrador",
                  "rechazado"
                ]
              }
            },
            "not": {
              "anyOf": [
                {
                  "required": [
                    "aprobado_por"
                  ]
                },
                {
                  "required": [
                    "aprobado_en"
                  ]
                },
                {
                  "required": [
                    "publicado_en"
                  ]
                }
              ]
            }
          },
          {
            "properties": {
              "estado": {
                "enum": [
                  "aprobado",
                  "publicado"
                ]
              }
            },
            "required": [
              "aprobado_por",
              "aprobado_en"
            ]
          }
        ]
      }
    },
    "indexes": [
      {
        "keys": {
          "id_campana": 1,
          "creado_en": -1
        },
        "options": {
          "name": "ix_campana_creado_en"
        }
      },
      {
        "keys": {
          "estado": 1,
          "creado_en": -1
        },
        "options": {
          "name": "ix_estado_creado_en"
        }
      },
      {
        "keys": {
          "generacion_metadata.usuario": 1,
          "creado_en": -1
        },
        "options": {
          "name": "ix_usuario_creado_en"
        }
      },
      {
        "keys": {
          "imagenes": 1
        },
        "options": {
          "name": "ix_imagenes"
        }
      }
    ]
  },
  "mcp_servers": {
    "validator": {
      "$jsonSchema": {
        "title": "The registry of MCP servers: their tools, where they run, how much they are used",
        "bsonType": "object",
        "required": [
          "_id",
          "nombre_servidor",
          "tools",
          "configuracion",
          "metricas_uso",
          "estado",
          "creado_en",
          "actualizado_en"
        ],
        "additionalProperties": false,
        "properties": {
          "_id": {
            "bsonType": "objectId"
          },
          "nombre_servidor": {
            "bsonType": "string",
            "minLength": 1,
            "maxLength": 80
          },
          "descripcion": {
            "bsonType": "string",
            "minLength": 1,
            "maxLength": 500
          },
          "tools": {
            "bsonType": "array",
            "items": {
              "bsonType": "object",
              "required": [
                "nombre",
                "descripcion"
              ],
              "additionalProperties": false,
              "properties": {
                "nombre": {
                  "bsonType": "string",
                  "minLength": 1
                },
                "descripcion": {
                  "bsonType": "string",
                  "minLength": 1
                },
                "parametros": {
                  "bsonType": "object",
                  "description": "JSON Schema of the arguments"
                }
              }
            },
            "minItems": 1
          },
          "configuracion": {
            "bsonType": "object",
            "required": [
              "despliegue",
              "transporte"
            ],
            "additionalProperties": false,
            "properties": {
              "despliegue": {
                "bsonType": "object",
                "required": [
                  "entorno"
                ],
                "additionalProperties": false,
                "properties": {
                  "entorno": {
                    "bsonType": "string",
                    "enum": [
                      "local",
                      "compose",
                      "kubernetes"
                    ]
                  },
                  "imagen": {
                    "bsonType": "string",
                    "minLength": 1
                  },
                  "replicas": {
                    "bsonType": [
                      "int",
                      "long"
                    ],
                    "minimum": 0
                  },
                  "puerto": {
                    "bsonType": [
                      "int",
                      "long"
                    ],
                    "minimum": 1,
                    "maximum": 65535
                  }
                }
              },
              "transporte": {
                "bsonType": "string",
                "enum": [
                  "streamable-http",
                  "stdio"
                ]
              },
              "url": {
                "bsonType": "string",
                "minLength": 1,
                "pattern": "^https?://"
              },
              "tiempo_limite_ms": {
                "bsonType": [
                  "int",
                  "long"
                ],
                "minimum": 1
              }
            }
          },
          "metricas_uso": {
            "bsonType": "object",
            "required": [
              "llamadas",
              "errores"
            ],
            "additionalProperties": false,
            "properties": {
              "llamadas": {
                "bsonType": [
                  "int",
                  "long"
                ],
                "minimum": 0
              },
              "errores": {
                "bsonType": [
                  "int",
                  "long"
                ],
                "minimum": 0
              },
              "latencia_media_ms": {
                "bsonType": [
                  "int",
                  "long",
                  "double",
                  "decimal"
                ],
                "minimum": 0
              },
              "tokens_consumidos": {
                "bsonType": [
                  "int",
                  "long"
                ],
                "minimum": 0
              },
              "ultima_llamada": {
                "bsonType": [
                  "date",
                  "null"
                ]
              }
            }
          },
          "estado": {
            "bsonType": "string",
            "enum": [
              "activo",
              "degradado",
              "inactivo"
            ]
          },
          "creado_en": {
            "bsonType": "date"
          },
          "actualizado_en": {
            "bsonType": "date"
          }
        }
      }
    },
    "indexes": [
      {
        "keys": {
          "nombre_servidor": 1
        },
        "options": {
          "name": "uq_nombre_servidor",
          "unique": true
        }
      },
      {
        "keys": {
          "estado": 1
        },
        "options": {
          "name": "ix_estado"
        }
      }
    ]
  },
  "servicios_terceros": {
    "validator": {
      "$jsonSchema": {
        "title": "An outside REST service: how it is called, how it is logged into, how often",
        "bsonType": "object",
        "required": [
          "_id",
          "nombre_servicio",
          "url_base",
          "metodos_disponibles",
          "autenticacion",
          "rate_limits",
          "estado",
          "creado_en",
          "actualizado_en"
        ],
        "additionalProperties": false,
        "properties": {
          "_id": {
            "bsonType": "objectId"
          },
          "nombre_servicio": {
            "bsonType": "string",
            "minLength": 1,
            "maxLength": 80
          },
          "descripcion": {
            "bsonType": "string",
            "minLength": 1,
            "maxLength": 500
          },
          "version_api": {
            "bsonType": "string",
            "minLength": 1,
            "description": "The version the paths were checked against"
          },
          "url_base": {
            "bsonType": "string",
            "pattern": "^(https://[^/?#@\\s]+|http://(127\\.0\\.0\\.1|localhost)(:[0-9]+)?)(/[^?#\\s]*)?$",
            "description": "The only host that calls may go to; without TLS on loopback alone"
          },
          "metodos_disponibles": {
            "bsonType": "array",
            "items": {
              "bsonType": "object",
              "required": [
                "nombre",
                "verbo",
                "ruta"
              ],
              "additionalProperties": false,
              "properties": {
                "nombre": {
                  "bsonType": "string",
                  "minLength": 1
                },
                "verbo": {
                  "bsonType": "string",
                  "enum": [
                    "GET",
                    "POST",
                    "PUT",
                    "PATCH",
                    "DELETE"
                  ]
                },
                "ruta": {
                  "bsonType": "string",
                  "minLength": 1,
                  "pattern": "^/"
                },
                "descripcion": {
                  "bsonType": "string",
                  "minLength": 1
                },
                "parametros": {
                  "bsonType": "array",
                  "items": {
                    "bsonType": "object",
                    "required": [
                      "nombre",
                      "lugar"
                    ],
                    "additionalProperties": false,
                    "properties": {
                      "nombre": {
                        "bsonType": "string",
                        "minLength": 1
                      },
                      "lugar": {
                        "bsonType": "string",
                        "enum": [
                          "ruta",
                          "consulta"
                        ]
                      },
                      "obligatorio": {
                        "bsonType": "bool"
                      }
                    }
                  },
                  "description": "What goes into the path and the query; the body is the caller's own JSON"
                },
                "idempotente": {
                  "bsonType": "bool",
                  "description": "Safe to repeat though its verb does not say so, e.g. a search by POST"
                }
              }
            },
            "minItems": 1
          },
          "autenticacion": {
            "bsonType": "object",
            "required": [
              "tipo"
            ],
            "additionalProperties": false,
            "properties": {
              "tipo": {
                "bsonType": "string",
                "enum": [
                  "oauth2",
                  "api_key",
                  "bearer",
                  "basic",
                  "ninguna"
                ]
              },
              "url_token": {
                "bsonType": "string",
                "pattern": "^(https://[^/?#@\\s]+|http://(127\\.0\\.0\\.1|localhost)(:[0-9]+)?)(/[^?#\\s]*)?$"
              },
              "verbo_token": {
                "bsonType": "string",
                "enum": [
                  "POST"
                ]
              },
              "flujo": {
                "bsonType": "string",
                "enum": [
                  "client_credentials",
                  "authorization_code",
                  "refresh_token"
                ]
              },
              "autenticacion_cliente": {
                "bsonType": "string",
                "enum": [
                  "basic",
                  "cuerpo"
                ],
                "description": "Where the token request carries client id and secret; RFC 6749, 2.3.1"
              },
              "alcance": {
                "bsonType": "array",
                "items": {
                  "bsonType": "string",
                  "minLength": 1
                }
              },
              "cabecera": {
                "bsonType": "string",
                "minLength": 1,
                "description": "Header that carries an API key"
              },
              "cabeceras_credencial": {
                "bsonType": "object",
                "additionalProperties": {
                  "bsonType": "string",
                  "minLength": 1
                },
                "description": "More headers, each with the field of the client's credential that is its value"
              }
            },
            "anyOf": [
              {
                "properties": {
                  "tipo": {
                    "enum": [
                      "api_key",
                      "bearer",
                      "basic",
                      "ninguna"
                    ]
                  }
                }
              },
              {
                "required": [
                  "url_token",
                  "verbo_token",
                  "flujo",
                  "autenticacion_cliente"
                ]
              }
            ],
            "description": "Never a secret: those are in credenciales_cifradas. OAuth2 needs its token address and flow"
          },
          "rate_limits": {
            "bsonType": "object",
            "required": [
              "por_minuto",
              "por_dia"
            ],
            "additionalProperties": false,
            "properties": {
              "por_minuto": {
                "bsonType": [
                  "int",
                  "long"
                ],
                "minimum": 1
              },
              "por_dia": {
                "bsonType": [
                  "int",
                  "long"
                ],
                "minimum": 1
              }
            }
          },
          "codigos_respuesta": {
            "bsonType": "object",
            "required": [
              "campo"
            ],
            "additionalProperties": false,
            "properties": {
              "campo": {
                "bsonType": "string",
                "minLength": 1,
                "description": "Where the body has its code, e.g. error.code"
              },
              "exito": {
                "bsonType": "array",
                "items": {
                  "bsonType": [
                    "int",
                    "long"
                  ]
                },
                "minItems": 1
              },
              "limite": {
                "bsonType": "array",
                "items": {
                  "bsonType": [
                    "int",
                    "long"
                  ]
                }
              },
              "token_vencido": {
                "bsonType": "array",
                "items": {
                  "bsonType": [
                    "int",
                    "long"
                  ]
                }
              }
            },
            "description": "For services whose HTTP status does not tell a failure or its kind"
          },
          "estado": {
            "bsonType": "string",
            "enum": [
              "activo",
              "degradado",
              "inactivo"
            ]
          },
          "creado_en": {
            "bsonType": "date"
          },
          "actualizado_en": {
            "bsonType": "date"
          }
        }
      }
    },
    "indexes": [
      {
        "keys": {
          "nombre_servicio": 1
        },
        "options": {
          "name": "uq_nombre_servicio",
          "unique": true
        }
      },
      {
        "keys": {
          "estado": 1
        },
        "options": {
          "name": "ix_estado"
        }
      }
    ]
  }
};

const content = db.getSiblingDB("promptcontent");

for (const [name, { validator, indexes }] of Object.entries(collections)) {
  if (content.getCollectionNames().includes(name)) {
    content.runCommand({ collMod: name, validator, validationLevel: "strict", validationAction: "error" });
  } else {
    content.createCollection(name, { validator });
  }
  for (const { keys, options } of indexes) {
    content.getCollection(name).createIndex(keys, options);
  }
}
